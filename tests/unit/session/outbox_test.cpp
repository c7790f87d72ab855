// SPDX-License-Identifier: MIT
#include "session/outbox.hpp"

#include "support/catch.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace {

using coax::outbox;
using coax::shared_frame;

shared_frame frame(std::string_view text) { return shared_frame(text); }

/// All that waits, as the socket would get it.
std::string waiting(const outbox& box)
{
    std::array<std::string_view, 256> pieces;
    std::string all;
    const auto count = box.gather(pieces);
    for (std::size_t i = 0; i < count; ++i) all += pieces[i];
    return all;
}

} // namespace

TEST_CASE("a new outbox is empty", "[outbox]")
{
    const outbox box;
    CHECK(box.empty());
    CHECK(box.bytes() == 0);
    CHECK(waiting(box).empty());
}

TEST_CASE("frames wait in the order pushed, and their bytes are counted", "[outbox]")
{
    outbox box;
    box.push(frame("one"));
    box.push(frame("three"));
    CHECK_FALSE(box.empty());
    CHECK(box.bytes() == 8);
    CHECK(waiting(box) == "onethree");
}

TEST_CASE("a first frame that was sent in part waits with the rest of it", "[outbox]")
{
    outbox box;
    box.push(frame("abcdef"), 4);
    box.push(frame("ghi"));
    CHECK(box.bytes() == 5);
    CHECK(waiting(box) == "efghi");
}

TEST_CASE("gather gives no more pieces than there is room for", "[outbox]")
{
    outbox box;
    for (const auto* text : {"a", "b", "c"}) box.push(frame(text));
    std::array<std::string_view, 2> pieces;
    CHECK(box.gather(pieces) == 2);
    CHECK(pieces[1] == "b");
    CHECK(box.gather({}) == 0);
}

TEST_CASE("consuming stops within a frame, at its end and beyond it", "[outbox]")
{
    outbox box;
    for (const auto* text : {"abc", "def", "ghi"}) box.push(frame(text));
    box.consume(0);
    CHECK(waiting(box) == "abcdefghi");
    box.consume(2);
    CHECK(waiting(box) == "cdefghi");
    box.consume(1);
    CHECK(waiting(box) == "defghi");
    box.consume(4);
    CHECK(waiting(box) == "hi");
    CHECK(box.bytes() == 2);
    box.consume(2);
    CHECK(box.empty());
    CHECK(box.bytes() == 0);
}

TEST_CASE("an outbox that ran empty starts anew, also with a frame sent in part", "[outbox]")
{
    outbox box;
    box.push(frame("abc"), 1);
    box.consume(2);
    REQUIRE(box.empty());
    box.push(frame("defg"), 3);
    CHECK(waiting(box) == "g");
    CHECK(box.bytes() == 1);
}

TEST_CASE("dropping what is unsent keeps the frame that was sent in part, whole", "[outbox]")
{
    outbox box;
    for (const auto* text : {"abc", "def", "ghi"}) box.push(frame(text));
    box.consume(4);
    box.drop_unsent();
    CHECK(waiting(box) == "ef");
    CHECK(box.bytes() == 2);
    box.push(frame("last"));
    CHECK(waiting(box) == "eflast");
}

TEST_CASE("dropping what is unsent at a frame's beginning leaves nothing", "[outbox]")
{
    outbox box;
    for (const auto* text : {"abc", "def"}) box.push(frame(text));
    SECTION("nothing sent") {}
    SECTION("one frame sent") { box.consume(3); }
    SECTION("all sent") { box.consume(6); }
    box.drop_unsent();
    CHECK(box.empty());
    CHECK(box.bytes() == 0);
    box.push(frame("last"));
    CHECK(waiting(box) == "last");
}

TEST_CASE("a frame that waits is referred to, not copied, and stays whole for others when it was sent", "[outbox]")
{
    outbox box;
    const auto kept = frame("shared by many sockets");
    box.push(kept);
    box.push(frame("x"));
    std::array<std::string_view, 1> pieces;
    box.gather(pieces);
    CHECK(pieces[0].data() == kept.data());
    box.consume(kept.size());
    CHECK(waiting(box) == "x");
    CHECK(kept.view() == "shared by many sockets");
}

TEST_CASE("whatever the socket takes, and however long the queue never runs empty, the bytes come out as they went in", "[outbox]")
{
    std::uint64_t state = 1;
    const auto random = [&](std::size_t below) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        return static_cast<std::size_t>((state >> 33) % below);
    };
    outbox box;
    std::string expected, got;
    char letter = 'a';
    for (int step = 0; step < 20'000; ++step) {
        if (box.bytes() < 50 || random(2) == 0) {
            std::string text(1 + random(9), letter);
            letter = letter == 'z' ? 'a' : static_cast<char>(letter + 1);
            box.push(frame(text));
            expected += text;
        } else {
            const auto all = waiting(box);
            const auto sent = random(std::min<std::size_t>(all.size(), 40));
            got += all.substr(0, sent);
            box.consume(sent);
        }
        REQUIRE(box.bytes() == expected.size() - got.size());
    }
    while (!box.empty()) {
        const auto all = waiting(box);
        got += all;
        box.consume(all.size());
    }
    CHECK(got == expected);
}
