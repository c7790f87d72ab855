// SPDX-License-Identifier: MIT
#include "protocol/frame_codec.hpp"

#include "protocol/deflate.hpp"
#include "unit/protocol/client_frame.hpp"
#include "unit/protocol/frame_events.hpp"

#include "support/catch.hpp"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

using namespace coax;
using namespace coax::test;

using events = std::vector<std::string>;

TEST_CASE("E7: a frame one byte at a time is one message", "[frame]")
{
    const std::string text = "caf\xc3\xa9 " + std::string(300, 'x');
    frame_decoder decoder;
    events seen;
    const auto bytes = text_frame(text);
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        CHECK(seen.empty());
        REQUIRE(feed(decoder, std::string_view(bytes).substr(i, 1), {}, seen));
        CHECK(decoder.is_idle() == (i + 1 == bytes.size()));
    }
    CHECK(seen == events{"text:" + text});
}

TEST_CASE("E7: a thousand frames in one packet are a thousand messages, each call taking exactly one frame", "[frame]")
{
    std::string packet;
    for (int i = 0; i < 1000; ++i) packet += text_frame("message " + std::to_string(i));
    std::span<char> input(packet);
    frame_decoder decoder;
    for (int i = 0; i < 1000; ++i) {
        const auto before = input.size();
        const auto event = decoder.next(input, {});
        REQUIRE(describe(event) == "text:message " + std::to_string(i));
        // No byte is moved or looked at twice: the payload lies where it arrived, and the rest is untouched.
        REQUIRE(event.payload.data() + event.payload.size() == input.data());
        REQUIRE(before - input.size() == 6 + event.payload.size());
    }
    CHECK(decoder.next(input, {}).what == frame_event::kind::none);
    CHECK(input.empty());
    CHECK(decoder.is_idle());
}

TEST_CASE("E7: frames of every length form are read at every cut", "[frame]")
{
    frame_limits limits;
    limits.max_message_size = 70000;
    for (const std::size_t size : {0u, 1u, 7u, 8u, 9u, 125u, 126u, 65535u, 65536u, 70000u}) {
        const std::string text(size, 'n');
        const auto bytes = text_frame(text) + text_frame("next");
        const events expected{"text:" + text, "text:next"};
        for (std::size_t cut = 0; cut <= bytes.size(); cut += cut < 40 || cut + 40 > bytes.size() ? 1 : bytes.size() / 5) {
            const std::string_view all = bytes;
            INFO(size << " bytes, cut at " << cut);
            REQUIRE(events_of({all.substr(0, cut), all.substr(cut)}, limits) == expected);
        }
    }
}

TEST_CASE("unmasking is right for every alignment of the payload and every phase of the mask", "[frame]")
{
    std::string text;
    for (int i = 0; i < 100; ++i) text += static_cast<char>('!' + i % 90);
    for (std::size_t offset = 0; offset < 9; ++offset)
        for (std::size_t size = 0; size < 40; ++size) {
            const auto payload = text.substr(0, size);
            const auto bytes = text_frame(std::string(offset, 'p')) + text_frame(payload);
            REQUIRE(events_of({bytes}).back() == "text:" + payload);
            const auto all = std::string_view(bytes);
            const auto cut = bytes.size() - size / 2;
            REQUIRE(events_of({all.substr(0, cut), all.substr(cut)}).back() == "text:" + payload);
        }
}

TEST_CASE("A19: control frames between the fragments of a message are reported at once", "[frame]")
{
    const auto bytes = open_frame(opcode::text, "a") + control_frame(opcode::ping, "1") + open_frame(opcode::continuation, "b") +
                       control_frame(opcode::pong, "2") + last_frame("c");
    CHECK(events_of({bytes}) == events{"ping:1", "pong:2", "text:abc"});
    CHECK(events_of(one_by_one(bytes)) == events{"ping:1", "pong:2", "text:abc"});
}

TEST_CASE("a decoder is idle between messages and not inside one", "[frame]")
{
    frame_decoder decoder;
    events seen;
    CHECK(decoder.is_idle());
    feed(decoder, open_frame(opcode::text, "a"), {}, seen);
    CHECK_FALSE(decoder.is_idle());
    feed(decoder, control_frame(opcode::ping), {}, seen);
    CHECK_FALSE(decoder.is_idle());
    feed(decoder, last_frame("b"), {}, seen);
    CHECK(decoder.is_idle());
    feed(decoder, std::string_view("\x81", 1), {}, seen);
    CHECK_FALSE(decoder.is_idle());
}

TEST_CASE("a decoder that is moved goes on where it was", "[frame]")
{
    frame_decoder first;
    events seen;
    const auto bytes = text_frame("hello");
    feed(first, std::string_view(bytes).substr(0, 8), {}, seen);
    frame_decoder second(std::move(first));
    feed(second, std::string_view(bytes).substr(8), {}, seen);
    CHECK(seen == events{"text:hello"});
}

TEST_CASE("A19: a message above the limit fails with 1009 as soon as its header is known", "[frame]")
{
    frame_limits limits;
    limits.max_message_size = 1000;
    const std::string at_limit(1000, 'x');
    CHECK(events_of({text_frame(at_limit)}, limits) == events{"text:" + at_limit});

    const auto above = text_frame(at_limit + "x");
    CHECK(events_of({std::string_view(above).substr(0, 7)}, limits).empty());
    CHECK(events_of({std::string_view(above).substr(0, 8)}, limits) == events{"failure:1009"});

    const auto first = open_frame(opcode::binary, std::string(600, 'x'));
    CHECK(events_of({first + last_frame(std::string(400, 'x'))}, limits).front().starts_with("binary:"));
    CHECK(events_of({first + last_frame(std::string(401, 'x')).substr(0, 8)}, limits) == events{"failure:1009"});
}

TEST_CASE("A19: a length beyond any memory fails with 1009 without being believed", "[frame]")
{
    for (const std::uint64_t size : {std::uint64_t{65536}, std::uint64_t{1} << 40, (std::uint64_t{1} << 63) - 1, ~std::uint64_t{0}}) {
        const auto bytes = client_frame{.announced = size}.bytes();
        frame_limits limits;
        limits.max_message_size = 65535;
        CHECK(events_of({bytes}, limits) == events{"failure:1009"});
        CHECK(events_of({open_frame(opcode::text, "a") + client_frame{.code = opcode::continuation, .announced = size}.bytes()}, limits) ==
              events{"failure:1009"});
    }
}

TEST_CASE("A19: wrong UTF-8 is found before its frame is complete", "[frame]")
{
    const auto bytes = text_frame("ab\xff" + std::string(50, 'c'));
    CHECK(events_of({std::string_view(bytes).substr(0, 8)}).empty());
    CHECK(events_of({std::string_view(bytes).substr(0, 9)}) == events{"failure:1007"});
}

TEST_CASE("after a failure a decoder only fails", "[frame]")
{
    frame_decoder decoder;
    events seen;
    CHECK_FALSE(feed(decoder, client_frame{.code = static_cast<opcode>(3)}.bytes(), {}, seen));
    CHECK_FALSE(feed(decoder, text_frame("x"), {}, seen));
    CHECK(seen == events{"failure:1002", "failure:1002"});
    CHECK(decoder.is_idle());
}

TEST_CASE("a failure says what was wrong", "[frame]")
{
    frame_decoder decoder;
    auto bytes = client_frame{.payload = "x", .is_masked = false}.bytes();
    std::span<char> input(bytes);
    const auto event = decoder.next(input, {});
    CHECK(event.payload == "frame not masked");
    CHECK(input.empty());
}

TEST_CASE("a compressed message in fragments stays compressed until its end and inflates within the limit", "[frame]")
{
    deflater deflate;
    inflater inflate;
    frame_limits limits;
    limits.max_message_size = 5000;
    limits.inflate = &inflate;
    const auto frames = [&](const std::string& text) {
        const std::string packed(deflate.compress(text));
        const auto half = packed.size() / 2;
        return client_frame{.payload = packed.substr(0, half), .is_final = false, .rsv = 4}.bytes() + control_frame(opcode::ping, "p") +
               last_frame(packed.substr(half));
    };
    const std::string fits(5000, 'z');
    CHECK(events_of(one_by_one(frames(fits)), limits) == events{"ping:p", "text:" + fits});
    CHECK(events_of({frames(fits + "z")}, limits) == events{"ping:p", "failure:1009"});
}

TEST_CASE("compressed data may be somewhat longer than the limit, since not everything shrinks, but not much", "[frame]")
{
    inflater inflate;
    frame_limits limits;
    limits.max_message_size = 1000;
    limits.inflate = &inflate;
    // One stored block of the whole limit: five bytes longer than what it holds.
    const std::string text(1000, 's');
    const std::string stored = std::string("\x00\xe8\x03\x17\xfc", 5) + text + std::string(1, '\0');
    CHECK(events_of({client_frame{.payload = stored, .rsv = 4}.bytes()}, limits) == events{"text:" + text});
    const auto header = client_frame{.rsv = 4, .announced = 1300}.bytes();
    CHECK(events_of({header}, limits) == events{"failure:1009"});
}
