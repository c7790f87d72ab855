// SPDX-License-Identifier: MIT
#include "protocol/identifier.hpp"

#include <coax/error.hpp>

#include "support/catch.hpp"

#include <string>

using namespace coax;

TEST_CASE("an identifier's parameters include the channel key", "[identifier]")
{
    const auto parsed = parse_identifier(R"({"room":1,"channel":"ChatChannel","tags":["a",null]})");
    REQUIRE(parsed.has_value());
    CHECK(parsed->channel == "ChatChannel");
    CHECK(parsed->params.at("channel").as_string() == "ChatChannel");
    CHECK(parsed->params.at("room").as_int64() == 1);
    CHECK(parsed->params.at("tags").as_array().size() == 2);
    CHECK(parsed->params.size() == 3);
}

TEST_CASE("of two equal keys in an identifier the last counts", "[identifier]")
{
    const auto parsed = parse_identifier(R"({"channel":"A","channel":"B"})");
    REQUIRE(parsed.has_value());
    CHECK(parsed->channel == "B");
}

TEST_CASE("an identifier that is not a JSON object is malformed", "[identifier]")
{
    for (const std::string text : {"", " ", "ChatChannel", "[]", "1", "null", "\"{}\"", "{", "{}{}", "{\"channel\":\"\xff\"}",
                                   R"({"channel":"\ud800"})", "{'channel':'A'}"}) {
        INFO(text);
        const auto parsed = parse_identifier(text);
        REQUIRE_FALSE(parsed.has_value());
        CHECK(parsed.error() == errc::malformed_command);
    }
    CHECK(parse_identifier(std::string(65536, '[')).error() == errc::malformed_command);
    CHECK(parse_identifier(std::string("{\"channel\":\"A\"}\0", 16)).error() == errc::malformed_command);
}

TEST_CASE("an identifier without a channel name finds no channel", "[identifier]")
{
    for (const std::string text : {"{}", R"({"channel":1})", R"({"channel":null})", R"({"Channel":"A"})", R"({"channel":["A"]})"}) {
        INFO(text);
        const auto parsed = parse_identifier(text);
        REQUIRE_FALSE(parsed.has_value());
        CHECK(parsed.error() == errc::channel_not_found);
    }
}
