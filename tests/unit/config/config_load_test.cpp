// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include "config_text.hpp"

#include <boost/json.hpp>

#include <cstdlib>
#include <filesystem>

#include <unistd.h>

using namespace std::chrono_literals;

namespace {

/// A file that lives as long as the test.
class temporary_file {
public:
    explicit temporary_file(const std::string& text)
    {
        std::string name = (std::filesystem::temp_directory_path() / "coax_config_XXXXXX").string();
        const int fd = ::mkstemp(name.data());
        REQUIRE(fd >= 0);
        path_ = name;
        REQUIRE(::write(fd, text.data(), text.size()) == static_cast<::ssize_t>(text.size()));
        ::close(fd);
    }
    ~temporary_file() { std::filesystem::remove(path_); }
    temporary_file(const temporary_file&) = delete;
    temporary_file& operator=(const temporary_file&) = delete;
    const std::string& path() const { return path_; }

private:
    std::string path_;
};

/// A variable of this process that is gone after the test.
class scoped_variable {
public:
    scoped_variable(const char* name, const char* value) : name_(name) { ::setenv(name, value, 1); }
    ~scoped_variable() { ::unsetenv(name_); }
    scoped_variable(const scoped_variable&) = delete;
    scoped_variable& operator=(const scoped_variable&) = delete;

private:
    const char* name_;
};

} // namespace

TEST_CASE("an empty file gives the defaults", "[config]")
{
    CHECK(values_of(read_text("").settings) == values_of(coax::config()));
    CHECK(values_of(read_text("[server]\n").settings) == values_of(coax::config()));
}

TEST_CASE("every kind of value is read from a file", "[config]")
{
    const coax::config settings = read_text(R"(
[server]
listen = ["127.0.0.1:1", "[::1]:2", "unix:/run/c.sock"]
threads = 4
path = "/ws"
health_path = ""
max_connections = 10000
raise_file_limit = false
[handshake]
timeout = "500ms"
max_request_size = "32KiB"
allowed_origins = ["https://*.example.com", "*", "http://localhost:*"]
trusted_proxies = ["10.0.0.1", "::1", "10.0.0.0/8", "0.0.0.0/0", "192.0.2.1/32", "fd00::/8", "::1/128", "::ffff:10.0.0.0/8", "unix"]
[session]
ping_interval = "off"
stream_timeout = "2m"
max_pending_bytes = 4096
deflate = true
[log]
format = "json"
level = "debug"
)").settings;
    CHECK(settings.server.listen == std::vector<std::string>{"127.0.0.1:1", "[::1]:2", "unix:/run/c.sock"});
    CHECK(settings.server.threads == 4);
    CHECK(settings.server.path == "/ws");
    CHECK(settings.server.health_path.empty());
    CHECK(settings.server.max_connections == 10000);
    CHECK_FALSE(settings.server.raise_file_limit);
    CHECK(settings.handshake.timeout == 500ms);
    CHECK(settings.handshake.max_request_size == 32768);
    CHECK(settings.handshake.allowed_origins == std::vector<std::string>{"https://*.example.com", "*", "http://localhost:*"});
    CHECK(settings.handshake.trusted_proxies == std::vector<std::string>{"10.0.0.1", "::1", "10.0.0.0/8", "0.0.0.0/0", "192.0.2.1/32", "fd00::/8", "::1/128",
                                                                         "::ffff:10.0.0.0/8", "unix"});
    CHECK(settings.session.ping_interval == 0ms);
    CHECK(settings.session.stream_timeout == 2min);
    CHECK(settings.session.max_pending_bytes == 4096);
    CHECK(settings.session.deflate);
    CHECK(settings.log.format == "json");
    CHECK(settings.log.level == "debug");
    CHECK(settings.session.connect_timeout == 10s); // not named: the default
}

TEST_CASE("letters beyond ASCII are fine in comments and strings", "[config]")
{
    const auto resolved = read_text("# caf\xc3\xa9 \xd0\x96 \xe4\xb8\xad \xf0\x9f\x98\x80\n[adapter.memory] # \xc3\xa9\nx = \"caf\xc3\xa9\"\n");
    CHECK(resolved.settings.adapter.options_json == "{\"x\":\"caf\xc3\xa9\"}");
    CHECK_FALSE(message_of([] { read_text("caf\xc3\xa9 = 1\n"); }).empty()); // a bare key is ASCII
}

TEST_CASE("every key can be set from a variable with the form of the file's default", "[config]")
{
    // A value other than the default for each key, so that a slot bound to the wrong member shows.
    const coax::config defaults;
    for (const auto& field : coax::config_fields()) {
        INFO(field.path);
        std::string value;
        switch (field.rule.kind) {
        case coax::config_kind::text: value = field.path == "adapter.name" ? "other" : "/other"; break;
        case coax::config_kind::choice: value = field.rule.choices.at(1) == "info" ? "warn" : "json"; break;
        case coax::config_kind::text_list: value = field.path == "handshake.allowed_origins" ? "http://a" : field.path == "server.listen" ? "1.2.3.4:5" : "1.2.3.4"; break;
        case coax::config_kind::flag: value = coax::format_value(field, defaults) == "true" ? "false" : "true"; break;
        case coax::config_kind::count: value = "13"; break;
        case coax::config_kind::size: // Not the default, and no contradiction with the other sizes.
            value = field.path == "session.max_pending_total" ? "300MiB" : field.path == "session.max_identifier_size" ? "3KiB" : "70KiB";
            break;
        case coax::config_kind::duration: value = "7s"; break;
        }
        std::string name = "COAX_";
        for (const char c : field.path) name += c == '.' ? "__" : std::string(1, static_cast<char>(std::toupper(c)));
        const auto resolved = read_untyped({name + '=' + value});
        CHECK(resolved.origins.at(field.path) == name);
        std::size_t changed = 0;
        for (const auto& other : coax::config_fields())
            if (coax::format_value(other, resolved.settings) != coax::format_value(other, defaults)) {
                ++changed;
                CHECK(other.path == field.path);
            }
        CHECK(changed == 1);
    }
}

TEST_CASE("later sources win: file, environment, command line", "[config]")
{
    const temporary_file file("[server]\nthreads = 1\npath = \"/file\"\nhealth_path = \"/file_health\"\n");
    const auto resolved = coax::resolve_config({file.path(),
        {"COAX_SERVER__PATH=/variable", "COAX_SERVER__HEALTH_PATH=/variable_health", "PATH=/bin", "COAX_PLUGIN_PATH=/p", "COAX_X=1"},
        {{"server.health_path", "/command_line"}}});
    CHECK(resolved.settings.server.threads == 1);
    CHECK(resolved.settings.server.path == "/variable");
    CHECK(resolved.settings.server.health_path == "/command_line");
    CHECK(resolved.origins.at("server.threads") == file.path() + " line 2");
    CHECK(resolved.origins.at("server.path") == "COAX_SERVER__PATH");
    CHECK(resolved.origins.at("server.health_path") == "command line");
    CHECK(resolved.origins.count("log.level") == 0);
}

TEST_CASE("load_config reads the environment of the process", "[config]")
{
    const scoped_variable variable("COAX_SERVER__LISTEN", "127.0.0.1:8081, [::1]:8081");
    const scoped_variable plugins("COAX_PLUGIN_PATH", "/somewhere");
    CHECK(coax::load_config("").server.listen == std::vector<std::string>{"127.0.0.1:8081", "[::1]:8081"});
    CHECK(coax::load_config("", {{"server.listen", "127.0.0.1:0"}}).server.listen == std::vector<std::string>{"127.0.0.1:0"});
}

TEST_CASE("an empty variable is the empty list or text", "[config]")
{
    CHECK(read_untyped({"COAX_HANDSHAKE__KEEP_HEADERS="}).settings.handshake.keep_headers.empty());
    CHECK(read_untyped({"COAX_SERVER__HEALTH_PATH="}).settings.server.health_path.empty());
}

TEST_CASE("the chosen adapter's table reaches it as JSON; other adapters' tables are left alone", "[config]")
{
    const auto resolved = read_text(R"(
[adapter]
name = "redis"
[adapter.redis]
url = "redis://h"
db = 3
ratio = 0.5
tls = true
since = 2026-11-22T10:00:00Z
hosts = ["a", "b"]
retry.delay = "1s"
[adapter.postgresql]
anything = ["goes", 1]
)");
    const auto expected = boost::json::parse(
        R"({"url":"redis://h","db":3,"ratio":0.5,"tls":true,"since":"2026-11-22T10:00:00Z","hosts":["a","b"],"retry":{"delay":"1s"}})");
    CHECK(boost::json::parse(resolved.settings.adapter.options_json) == expected);
    CHECK(read_text("[adapter.redis]\ndb = 3\n").settings.adapter.options_json == "{}"); // the name is still memory
}

TEST_CASE("an adapter's options from variables keep their JSON type, and quotes make them text", "[config]")
{
    const auto resolved = read_untyped({"COAX_ADAPTER__NAME=redis", "COAX_ADAPTER__REDIS__DB=3", "COAX_ADAPTER__REDIS__TLS=true",
        "COAX_ADAPTER__REDIS__PASSWORD=\"123\"", "COAX_ADAPTER__REDIS__URL=redis://h", "COAX_ADAPTER__REDIS__HOSTS=[\"a\",1]",
        "COAX_ADAPTER__REDIS__ODD=\"unfinished"});
    const auto expected = boost::json::parse(R"({"db":3,"tls":true,"password":"123","url":"redis://h","hosts":["a",1],"odd":"\"unfinished"})");
    CHECK(boost::json::parse(resolved.settings.adapter.options_json) == expected);
}

TEST_CASE("a variable replaces one option of an adapter and keeps the others", "[config]")
{
    const temporary_file file("[adapter]\nname = \"redis\"\n[adapter.redis]\nurl = \"redis://a\"\ndb = 1\n");
    const auto resolved = coax::resolve_config({file.path(), {"COAX_ADAPTER__REDIS__URL=redis://b"}, {}});
    CHECK(boost::json::parse(resolved.settings.adapter.options_json) == boost::json::parse(R"({"url":"redis://b","db":1})"));
}

TEST_CASE("a file that is missing, a directory or too large is refused with a remedy", "[config]")
{
    const auto missing = message_of([] { coax::load_config("/nonexistent/coax.toml"); });
    CHECK(missing == "cannot read the configuration file \"/nonexistent/coax.toml\": No such file or directory; "
                     "name another file with --config, or leave it out to run with the defaults");
    CHECK_THAT(message_of([] { coax::load_config("/"); }), Catch::Matchers::Contains("is a directory"));
    CHECK_THAT(message_of([] { coax::load_config("/dev/zero"); }), Catch::Matchers::Contains("larger than 1MiB"));
}
