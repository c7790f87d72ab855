// SPDX-License-Identifier: MIT
#include "protocol/codec.hpp"

#include <coax/error.hpp>

#include "support/catch.hpp"

#include <string>
#include <string_view>
#include <variant>
#include <vector>

using namespace coax;

namespace {

result<command> decode(std::string_view text, std::size_t max_identifier_size = 1024) { return json_codec().decode(text, max_identifier_size); }

errc error_of(std::string_view text)
{
    const auto decoded = decode(text);
    INFO(text);
    REQUIRE_FALSE(decoded.has_value());
    return static_cast<errc>(decoded.error().value());
}

} // namespace

TEST_CASE("each command is recognised with its fields", "[codec]")
{
    const auto subscribe = decode(R"({"command":"subscribe","identifier":"{\"channel\":\"C\"}"})");
    REQUIRE(subscribe.has_value());
    CHECK(std::get<subscribe_command>(*subscribe).identifier == R"({"channel":"C"})");

    const auto unsubscribe = decode(R"({"command":"unsubscribe","identifier":"x"})");
    REQUIRE(unsubscribe.has_value());
    CHECK(std::get<unsubscribe_command>(*unsubscribe).identifier == "x");

    const auto message = decode(R"({"identifier":"x","data":"{\"action\":\"speak\"}","command":"message"})");
    REQUIRE(message.has_value());
    CHECK(std::get<message_command>(*message).identifier == "x");
    CHECK(std::get<message_command>(*message).data == R"({"action":"speak"})");

    CHECK(std::holds_alternative<ping_command>(*decode(R"({"command":"ping"})")));
    CHECK(std::holds_alternative<pong_command>(*decode(" {\"command\" : \"pong\"}\n")));
}

TEST_CASE("an identifier is taken byte for byte, whatever its JSON spelling was", "[codec]")
{
    const auto decoded = decode("{\"\\u0063ommand\":\"subscri\\u0062e\",\"identifier\":\" \\u00e9\xc3\xa9\\ud83d\\ude00\\u0000\\/ \"}");
    REQUIRE(decoded.has_value());
    CHECK(std::get<subscribe_command>(*decoded).identifier == std::string(" \xc3\xa9\xc3\xa9\xf0\x9f\x98\x80\0/ ", 12));
}

TEST_CASE("unknown fields of any shape are ignored", "[codec]")
{
    const auto decoded = decode(R"({"a":1,"b":-2.5,"c":[{"command":"x","identifier":"y"}],"history":{"since":1,"identifier":2},"d":null,"e":true,
        "identifier_":"no","identifierXXXXXXXXXXXXXXXXXXXX":"no","command":"subscribe","identifier":"x","f":"s","g":18446744073709551615})");
    REQUIRE(decoded.has_value());
    CHECK(std::get<subscribe_command>(*decoded).identifier == "x");
}

TEST_CASE("of two equal keys in a command the last counts", "[codec]")
{
    const auto decoded = decode(R"({"command":1,"command":"subscribe","identifier":"aaa","identifier":"b"})");
    REQUIRE(decoded.has_value());
    CHECK(std::get<subscribe_command>(*decoded).identifier == "b");
    CHECK(error_of(R"({"command":"subscribe","identifier":"a","identifier":[]})") == errc::malformed_command);
}

TEST_CASE("a missing or unknown command is an unknown command", "[codec]")
{
    CHECK(error_of("{}") == errc::unknown_command);
    CHECK(error_of(R"({"command":null})") == errc::unknown_command);
    CHECK(error_of(R"({"command":""})") == errc::unknown_command);
    CHECK(error_of(R"({"command":"whisper","identifier":"x","data":{}})") == errc::unknown_command);
    CHECK(error_of(R"({"command":"Subscribe","identifier":"x"})") == errc::unknown_command);
    CHECK(error_of(R"({"Command":"subscribe","identifier":"x"})") == errc::unknown_command);
    CHECK(error_of(R"({"x":{"command":"ping"}})") == errc::unknown_command);
}

TEST_CASE("a missing, empty or blank identifier is missing", "[codec]")
{
    for (const std::string command : {"subscribe", "unsubscribe", "message"}) {
        const auto head = R"({"command":")" + command + R"(","data":"{}")";
        CHECK(error_of(head + "}") == errc::missing_identifier);
        CHECK(error_of(head + R"(,"identifier":null})") == errc::missing_identifier);
        CHECK(error_of(head + R"(,"identifier":""})") == errc::missing_identifier);
        CHECK(error_of(head + R"(,"identifier":" \t\r\n\f"})") == errc::missing_identifier);
    }
}

TEST_CASE("a field of the wrong type is malformed", "[codec]")
{
    for (const std::string wrong : {"1", "-1", "1.5", "18446744073709551615", "true", "[]", "{}", "[\"subscribe\"]", "{\"a\":\"b\"}"}) {
        CHECK(error_of(R"({"identifier":"x","data":"{}","command":)" + wrong + "}") == errc::malformed_command);
        CHECK(error_of(R"({"command":"subscribe","identifier":)" + wrong + "}") == errc::malformed_command);
        CHECK(error_of(R"({"command":"message","identifier":"x","data":)" + wrong + "}") == errc::malformed_command);
    }
    CHECK(error_of(R"({"command":"message","identifier":"x"})") == errc::malformed_command);
    CHECK(error_of(R"({"command":"message","identifier":"x","data":null})") == errc::malformed_command);
}

TEST_CASE("a field that a command does not use may have any type", "[codec]")
{
    CHECK(decode(R"({"command":"subscribe","identifier":"x","data":{}})").has_value());
    CHECK(decode(R"({"command":"ping","identifier":[1]})").has_value());
}

TEST_CASE("R2: what is not one JSON object is malformed and never throws", "[codec]")
{
    for (const std::string text : {"", " ", "null", "1", "1.5", "true", "\"{}\"", "[]", "[1]", R"(["subscribe"])", R"([{"command":"ping"}])", "{", "}", "{]",
                                   R"({"command":"ping")", R"({"command":"ping"}x)", R"({"command":"ping"}{})", R"({"command":"ping",})", R"({'command':'ping'})",
                                   "hello", "{\"command\":\"ping\"}\xff", "{\"command\":\"p\ning\"}"})
        CHECK(error_of(text) == errc::malformed_command);
    CHECK(error_of(std::string_view("{\"command\":\"ping\"}\0", 19)) == errc::malformed_command);
    CHECK(error_of(std::string_view("{\"command\":\"pi\0ng\"}", 19)) == errc::malformed_command);
    CHECK(error_of(std::string_view("\0", 1)) == errc::malformed_command);
}

TEST_CASE("R2: 64 KiB of brackets are malformed, alone and inside an unknown field", "[codec]")
{
    CHECK(error_of(std::string(65536, '[')) == errc::malformed_command);
    CHECK(error_of(R"({"command":"ping","x":)" + std::string(65536, '[')) == errc::malformed_command);
    std::string objects;
    while (objects.size() < 65536) objects += "{\"a\":";
    CHECK(error_of(objects) == errc::malformed_command);
}

TEST_CASE("R2: text that is no Unicode is malformed", "[codec]")
{
    for (const std::string identifier : {"\\ud800", "\\udc00", "\\ud800\\u0041", "\\ud800x", "\xff", "\xed\xa0\x80", "\xc3"})
        CHECK(error_of(R"({"command":"subscribe","identifier":")" + identifier + "\"}") == errc::malformed_command);
}

TEST_CASE("an identifier above the limit is malformed, one at the limit is taken", "[codec]")
{
    const auto text = [](std::size_t size) { return R"({"command":"subscribe","identifier":")" + std::string(size, 'x') + "\"}"; };
    CHECK(decode(text(100), 100).has_value());
    const auto above = decode(text(101), 100);
    REQUIRE_FALSE(above.has_value());
    CHECK(above.error() == errc::malformed_command);
}

TEST_CASE("what a client gets wrong counts as a protocol violation", "[codec]")
{
    CHECK(decode("[").error() == condition::protocol_violation);
    CHECK(decode("{}").error() == condition::protocol_violation);
    CHECK(decode(R"({"command":"subscribe"})").error() == condition::protocol_violation);
}
