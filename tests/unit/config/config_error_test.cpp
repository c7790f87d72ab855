// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include "config_text.hpp"

#include <boost/json.hpp>

using Catch::Matchers::Contains;

TEST_CASE("a wrong type names the key, what was expected, what came and where", "[config]")
{
    CHECK(error_of("\n[session]\n\nping_interval = 3\n") ==
          "session.ping_interval: expected a duration such as \"3s\" or \"off\", got 3 (coax.toml line 4)");
    CHECK(error_of("[session]\nconnect_timeout = \"off\"") ==
          "session.connect_timeout: expected a duration such as \"3s\", got \"off\" (coax.toml line 2)");
    CHECK(error_of("[server]\nlisten = \"127.0.0.1:1\"") == "server.listen: expected a list of strings, got \"127.0.0.1:1\" (coax.toml line 2)");
    CHECK(error_of("[server]\nlisten = [\n \"127.0.0.1:1\",\n 2]") == "server.listen: expected a list of strings, got a list with 2 (coax.toml line 4)");
    CHECK(error_of("[server]\nthreads = \"4\"") == "server.threads: expected a whole number, got \"4\" (coax.toml line 2)");
    CHECK(error_of("[server]\nthreads = 1.5") == "server.threads: expected a whole number, got a number with a fraction (coax.toml line 2)");
    CHECK(error_of("[server]\npath = 1979-05-27") == "server.path: expected a string, got the date 1979-05-27 (coax.toml line 2)");
    CHECK(error_of("[session]\ndeflate = \"true\"") == "session.deflate: expected true or false, got \"true\" (coax.toml line 2)");
    CHECK(error_of("[session]\ndeflate.on = true") == "session.deflate: expected true or false, got a table (coax.toml line 2)");
    CHECK(error_of("[session]\nmax_pending_bytes = \"64KB\"") ==
          "session.max_pending_bytes: expected a size such as \"64KiB\", or a number of bytes, got \"64KB\" (coax.toml line 2)");
    CHECK(error_of("[log]\nlevel = \"INFO\"") ==
          "log.level: expected one of \"debug\", \"info\", \"warn\", \"error\", \"off\", got \"INFO\" (coax.toml line 2)");
    CHECK(error_of("server = 3") == "server: expected a table, [server], got 3 (coax.toml line 1)");
    CHECK(error_of("[[server]]") == "server: expected a table, [server], got a list (coax.toml line 1)");
}

TEST_CASE("a value from a variable or the command line names its origin", "[config]")
{
    CHECK(message_of([] { read_untyped({"COAX_SERVER__THREADS=many"}); }) == "server.threads: expected a whole number, got \"many\" (COAX_SERVER__THREADS)");
    CHECK(message_of([] { read_untyped({}, {{"session.deflate", "yes"}}); }) == "session.deflate: expected true or false, got \"yes\" (command line)");
    CHECK(message_of([] { read_untyped({}, {{"server", "yes"}}); }) == "server: expected a table, [server], got \"yes\" (command line)");
    CHECK(message_of([] { read_untyped({}, {{"server..x", "yes"}}); }) ==
          "command line: \"server..x\" is not the path of a key such as \"server.listen\"");
    CHECK(message_of([] { read_untyped({"COAX_ADAPTER__X__Y=1", "COAX_ADAPTER__X=1"}); }) == "adapter.x: is a table; set one of its keys (COAX_ADAPTER__X)");
    CHECK(message_of([] { read_untyped({"COAX_ADAPTER__NAME__Y=1", "COAX_ADAPTER__NAME=1"}); }) ==
          "adapter.name: is a table; set one of its keys (COAX_ADAPTER__NAME)");
    CHECK(message_of([] { read_untyped({"COAX_ADAPTER__NAME=1", "COAX_ADAPTER__NAME__Y=1"}); }) ==
          "adapter.name: is not a table (COAX_ADAPTER__NAME__Y)");
}

TEST_CASE("an unknown key names the nearest known one", "[config]")
{
    CHECK(error_of("[session]\nping_intervall = \"3s\"") ==
          "session.ping_intervall: unknown key; the nearest known key is session.ping_interval (coax.toml line 2)");
    CHECK(error_of("[sesion]\nping_interval = \"3s\"") ==
          "sesion.ping_interval: unknown key; the nearest known key is session.ping_interval (coax.toml line 2)");
    CHECK(error_of("ping_interval = \"3s\"") == "ping_interval: unknown key; the nearest known key is session.ping_interval (coax.toml line 1)");
    CHECK(error_of("[server]\nallowed_origins = []") ==
          "server.allowed_origins: unknown key; the nearest known key is handshake.allowed_origins (coax.toml line 2)");
    CHECK(error_of("[adapter]\nnam = \"redis\"") == "adapter.nam: unknown key; the nearest known key is adapter.name; "
          "options of an adapter stand in a table of their own, such as [adapter.redis] (coax.toml line 2)");
    CHECK(error_of("[adapter]\noptions_json = \"{}\"").starts_with("adapter.options_json: unknown key"));
    CHECK(message_of([] { read_untyped({"COAX_SERVER__LISTENN=x"}); }) ==
          "server.listenn: unknown key; the nearest known key is server.listen (COAX_SERVER__LISTENN)");
    CHECK(message_of([] { read_untyped({}, {{"log.levle", "x"}}); }) == "log.levle: unknown key; the nearest known key is log.level (command line)");
}

TEST_CASE("a variable with one underscore too few is not skipped in silence", "[config]")
{
    CHECK(message_of([] { read_untyped({"COAX_SERVER_LISTEN=127.0.0.1:1"}); }) ==
          "COAX_SERVER_LISTEN: unknown variable; section and key are separated by two underscores: COAX_SERVER__LISTEN");
}

TEST_CASE("broken TOML names file, line and column", "[config]")
{
    const std::string message = error_of("[server]\npath = \"/cable\n");
    CHECK_THAT(message, Catch::Matchers::StartsWith("coax.toml line 2, column "));
    CHECK(message.find('\n') == std::string::npos);
    CHECK_THAT(error_of("a = 1\na = 2\n"), Catch::Matchers::StartsWith("coax.toml line 2, column "));
    CHECK_THAT(error_of("a = \"\xff\"\n"), Catch::Matchers::StartsWith("coax.toml line 1, column "));
}

TEST_CASE("a control character in a file is refused with its place", "[config]")
{
    const std::string expected = "line 2, column 2: a control character, which TOML does not allow; write it as an escape such as \"\\u0000\"";
    CHECK(error_of(std::string("\n[\0server]\n", 11)) == "coax.toml " + expected); // the parser would stop at an assertion
    CHECK(error_of("\n#\x1b[31m") == "coax.toml " + expected);
    CHECK(error_of("\n#\x7f") == "coax.toml " + expected);
    CHECK(error_of("[server]\r\n\tthreads = 1 # tab and CRLF are fine\r\n").empty());
}

TEST_CASE("broken TOML at which the parser would abort names its line", "[config]")
{
    CHECK(error_of("[)]\n") == "coax.toml line 1: this is not TOML");
    CHECK(error_of("[server]\nthreads = 1\n\n[)]\n\n[log]\nlevel = \"info\"\n") == "coax.toml line 4: this is not TOML");
}

TEST_CASE("a message stays one line whatever the file holds", "[config]")
{
    for (const char* text : {"\"a\\nb\" = 1", "[server]\n\"x\\ny\" = 1", "[server]\npath = \"/\\n\"", "[log]\nlevel = \"\\u001b[31m\"", "\"\" = 1"}) {
        const std::string message = error_of(text);
        INFO(message);
        CHECK_FALSE(message.empty());
        for (const char c : message) CHECK(static_cast<unsigned char>(c) >= 0x20);
    }
}

TEST_CASE("values out of range are refused with the range", "[config]")
{
    CHECK(error_of("[server]\nthreads = 65") == "server.threads: expected a number from 0 to 64, got 65 (coax.toml line 2)");
    CHECK(error_of("[server]\nthreads = -1") == "server.threads: expected a number from 0 to 64, got -1 (coax.toml line 2)");
    CHECK(error_of("[session]\nping_interval = \"999ms\"") ==
          "session.ping_interval: expected a duration from \"1s\" to \"24h\", or \"off\", got \"999ms\" (coax.toml line 2)");
    CHECK(error_of("[session]\nmax_message_size = 0") == "session.max_message_size: expected a size from 1 to 1GiB, got 0 (coax.toml line 2)");
    CHECK(error_of("[shutdown]\ngrace = \"25h\"") == "shutdown.grace: expected a duration from \"1ms\" to \"24h\", got \"25h\" (coax.toml line 2)");
    CHECK_THAT(error_of("[shutdown]\ndelay = \"0s\""), Contains("or \"off\", got \"0s\""));
    CHECK(error_of("[session]\nping_interval = \"1s\"\n[server]\nthreads = 64").empty());
}

TEST_CASE("texts that cannot work are refused before anything starts", "[config]")
{
    const auto refused = [](const std::string& section, const std::string& line, const std::string& expected) {
        INFO(line);
        CHECK_THAT(error_of('[' + section + "]\n" + line), Contains(expected));
    };
    for (const char* address : {"8080", "localhost:8080", "127.0.0.1", "127.0.0.1:", "::1:80", "[127.0.0.1]:80", "[::1]", "", "127.0.0.1:+1"})
        refused("server", "listen = [\"" + std::string(address) + "\"]", "an address such as");
    refused("server", "listen = [\"127.0.0.1:65536\"]", "a port from 0 to 65535");
    refused("server", "listen = [\"unix:\"]", "a path of 1 to 107 bytes");
    refused("server", "listen = [\"unix:/" + std::string(107, 'x') + "\"]", "a path of 1 to 107 bytes");
    refused("server", "listen = []", "at least one address");
    refused("server", "path = \"cable\"", "begins with \"/\"");
    refused("server", "path = \"/cable?x\"", "begins with \"/\"");
    refused("server", "health_path = \"/cable\"", "another path than server.path");
    refused("handshake", "allowed_origins = [\"example.com\"]", "scheme and host without a path");
    refused("handshake", "allowed_origins = [\"https://example.com/\"]", "scheme and host without a path");
    refused("handshake", "allowed_origins = [\"null\"]", "scheme and host without a path");
    for (const char* proxy : {"proxy.example.com", "", "/8", "10.0.0.0/", "10.0.0.0/+8", "10.0.0.0/-1", "10.0.0.0/8x", "10.0.0.0/8/8", "10.0.0.0/99999999999",
                              "10.0.0/8", "unix/8", "unix:", " 10.0.0.1"})
        refused("handshake", "trusted_proxies = [\"" + std::string(proxy) + "\"]", "a network such as \"10.0.0.0/8\", or \"unix\"");
    refused("handshake", "trusted_proxies = [\"10.0.0.0/33\"]", "a prefix from 0 to 32");
    refused("handshake", "trusted_proxies = [\"::ffff:10.0.0.0/104\"]", "a prefix from 0 to 32");
    refused("handshake", "trusted_proxies = [\"fd00::/129\"]", "a prefix from 0 to 128");
    refused("handshake", "keep_headers = [\"x y\"]", "the name of a header");
    refused("adapter", "name = \"../evil\"", "the name of an adapter");
    refused("session", "max_pending_total = 4096", "at most session.max_pending_total (4KiB), got 1MiB");
    refused("session", "max_message_size = 100", "at most session.max_message_size (100), got 4KiB");
    refused("shutdown", "delay = \"20s\"\nspread = \"20s\"", "at least shutdown.delay and shutdown.spread together (\"40s\"), got \"30s\"");
}

TEST_CASE("options of an adapter that JSON cannot carry are refused", "[config]")
{
    CHECK(error_of("[adapter.memory]\nx = inf") == "adapter.memory.x: expected a finite number, got inf or nan (coax.toml line 2)");
    CHECK(message_of([] { read_untyped({"COAX_ADAPTER__MEMORY__X=\xff"}); }) ==
          "adapter.memory.x: expected text in UTF-8, got other bytes (COAX_ADAPTER__MEMORY__X)");
    CHECK(message_of([] { read_untyped({}, {{"adapter.memory.\xff", "1"}}); }) == "adapter.memory: expected text in UTF-8, got other bytes (command line)");
    std::string deep = "[adapter.memory]\na";
    for (int i = 0; i < 28; ++i) deep += ".a";
    CHECK(boost::json::parse(read_text(deep + " = 1").settings.adapter.options_json).is_object()); // within what a parser takes by default
    CHECK_THAT(error_of(deep + ".a.a = 1"), Contains("nested more than 32 deep"));
}
