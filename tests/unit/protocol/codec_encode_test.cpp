// SPDX-License-Identifier: MIT
#include "protocol/codec.hpp"

#include "protocol/deflate.hpp"

#include "support/catch.hpp"

#include <string>
#include <string_view>

using namespace coax;

namespace {

std::string_view payload_of(const shared_frame& frame)
{
    const auto bytes = frame.view();
    const auto size = static_cast<unsigned char>(bytes[1]);
    REQUIRE(size < 128);
    return bytes.substr(size == 126 ? 4 : size == 127 ? 10 : 2);
}

} // namespace

TEST_CASE("the server's messages have the shapes and the key order of Action Cable", "[codec]")
{
    const auto& codec = json_codec();
    CHECK(codec.subprotocol() == "actioncable-v1-json");
    CHECK(codec.welcome("abc") == R"({"type":"welcome","sid":"abc"})");
    CHECK(codec.ping(1795381249) == R"({"type":"ping","message":1795381249})");
    CHECK(codec.pong() == R"({"type":"pong"})");
    CHECK(codec.confirm(R"({"channel":"C"})") == R"({"identifier":"{\"channel\":\"C\"}","type":"confirm_subscription"})");
    CHECK(codec.reject("<x>") == R"({"identifier":"\u003cx\u003e","type":"reject_subscription"})");
    CHECK(codec.disconnect("unauthorized", false) == R"({"type":"disconnect","reason":"unauthorized","reconnect":false})");
    CHECK(codec.disconnect("a\"b", true) == R"({"type":"disconnect","reason":"a\"b","reconnect":true})");
    CHECK(codec.disconnect("", true) == R"({"type":"disconnect","reason":null,"reconnect":true})");
}

TEST_CASE("a data message carries identifier and payload byte for byte in one text frame", "[codec]")
{
    const auto quoted = quote_json(R"({"channel":"C"})");
    const auto frame = json_codec().message_frame(quoted, R"( {"n":12345678901234567890 , "s":"<"} )", nullptr, 0);
    CHECK(static_cast<unsigned char>(frame.view()[0]) == 0x81);
    CHECK(payload_of(frame) == R"({"identifier":"{\"channel\":\"C\"}","message": {"n":12345678901234567890 , "s":"<"} })");
    CHECK(is_json(payload_of(frame)));
}

TEST_CASE("a data message is compressed from the threshold on, and only with a deflater", "[codec]")
{
    deflater deflate;
    inflater inflate;
    const auto quoted = quote_json("x");
    const std::string text = "{\"identifier\":\"x\",\"message\":\"" + std::string(300, 'a') + "\"}";
    const std::string payload = "\"" + std::string(300, 'a') + "\"";

    const auto plain = json_codec().message_frame(quoted, payload, &deflate, text.size() + 1);
    CHECK(static_cast<unsigned char>(plain.view()[0]) == 0x81);
    CHECK(payload_of(plain) == text);

    const auto packed = json_codec().message_frame(quoted, payload, &deflate, text.size());
    CHECK(static_cast<unsigned char>(packed.view()[0]) == 0xc1);
    CHECK(packed.size() < text.size() / 2);
    const auto unpacked = inflate.inflate(payload_of(packed), 65536);
    REQUIRE(unpacked.has_value());
    CHECK(*unpacked == text);
}
