// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include "config_text.hpp"

using Catch::Matchers::Contains;

TEST_CASE("a printed configuration reads back as the same configuration", "[config]")
{
    const auto resolved = read_text(R"(
[server]
listen = ["127.0.0.1:1", "[::1]:2"]
[session]
ping_interval = "off"
max_message_size = 70000
[shutdown]
delay = "1500ms"
[adapter]
name = "redis"
[adapter.redis]
db = 3
"odd name" = { list = [1, "two"], flag = true }
)");
    const auto again = read_text(coax::print_config(resolved));
    CHECK(values_of(again.settings) == values_of(resolved.settings));
}

TEST_CASE("a printed configuration tells where each value came from", "[config]")
{
    const std::string text = coax::print_config(read_untyped({"COAX_SERVER__THREADS=2"}, {{"log.level", "debug"}}));
    CHECK_THAT(text, Contains("threads = 2  # COAX_SERVER__THREADS\n"));
    CHECK_THAT(text, Contains("level = \"debug\"  # command line\n"));
    CHECK_THAT(text, Contains("ping_interval = \"3s\"  # default\n"));
}

TEST_CASE("secrets of an adapter are not printed", "[config]")
{
    const std::string text = coax::print_config(read_text(R"(
[adapter]
name = "redis"
[adapter.redis]
url = "redis://user:hunter2@db.example.com:6379/1"
urls = ["rediss://:hunter2@h"]
dsn = "host=h password=hunter2"
Password = "hunter2"
auth.client_secret = "hunter2"
prefix = "visible"
)"));
    CHECK(text.find("hunter2") == std::string::npos);
    CHECK_THAT(text, Contains("redis://***@db.example.com:6379/1"));
    CHECK_THAT(text, Contains("prefix = \"visible\""));
}
