// SPDX-License-Identifier: MIT
#include <coax/sdk/config.hpp>

#include "support/catch.hpp"

#include <boost/json/parse.hpp>

#include <string>

using namespace coax;
using namespace std::chrono_literals;

namespace {

boost::json::object section(const char* text) { return boost::json::parse(text).as_object(); }

/// Reads all four kinds; answers the words of the error, or nothing.
std::string error_of(const char* text)
{
    const auto object = section(text);
    try {
        sdk::options read(object, "adapter.nats");
        read.text("url", "nats://localhost");
        read.flag("tls", false);
        read.integer("port", 4222, 1, 65'535);
        read.duration("timeout", 3s);
        read.finish();
        return {};
    } catch (const sdk::failure& error) {
        CHECK(error.code() == errc::invalid_argument);
        return error.what();
    }
}

} // namespace

TEST_CASE("absent options have their defaults", "[sdk]")
{
    const auto object = section("{}");
    sdk::options read(object, "adapter.nats");
    CHECK(read.text("url", "nats://localhost") == "nats://localhost");
    CHECK(read.flag("tls", true));
    CHECK(read.integer("port", 4222) == 4222);
    CHECK(read.duration("timeout", 3s) == 3s);
}

TEST_CASE("given options are read", "[sdk]")
{
    const auto object = section(R"({"url":"nats://b","tls":true,"port":1,"timeout":"500ms"})");
    sdk::options read(object, "adapter.nats");
    CHECK(read.text("url", "") == "nats://b");
    CHECK(read.flag("tls", false));
    CHECK(read.integer("port", 4222) == 1);
    CHECK(read.duration("timeout", 3s) == 500ms);
    CHECK_NOTHROW(read.finish());
}

TEST_CASE("a wrong type names the path, what was expected and what came", "[sdk]")
{
    CHECK(error_of(R"({"url":6379})") == "adapter.nats.url: expected a string, got 6379");
    CHECK(error_of(R"({"tls":"yes"})") == "adapter.nats.tls: expected true or false, got \"yes\"");
    CHECK(error_of(R"({"port":1.5})") == "adapter.nats.port: expected an integer, got 1.5E0");
    CHECK(error_of(R"({"timeout":3})") == "adapter.nats.timeout: expected a duration such as \"3s\", got 3");
}

TEST_CASE("a number out of its range and a duration without a unit are refused", "[sdk]")
{
    CHECK(error_of(R"({"port":0})") == "adapter.nats.port: expected 1 to 65535, got 0");
    for (const auto* text : {R"({"timeout":"3"})", R"({"timeout":"-3s"})", R"({"timeout":"s"})", R"({"timeout":"3 s"})",
             R"({"timeout":"9223372036854775807h"})", R"({"timeout":""})"})
        CHECK(error_of(text).find("adapter.nats.timeout: expected a duration") == 0);
}

TEST_CASE("an unknown key is refused and the known ones are listed", "[sdk]")
{
    CHECK(error_of(R"({"ulr":"x"})") == "adapter.nats.ulr: unknown key; known are: url, tls, port, timeout");
}
