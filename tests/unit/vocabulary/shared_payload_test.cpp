// SPDX-License-Identifier: MIT
#include <coax/shared_payload.hpp>

#include "support/catch.hpp"

#include <atomic>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

using coax::shared_payload;

TEST_CASE("a payload holds a copy of its bytes, zero bytes included", "[shared_payload]")
{
    std::string text("a\0b", 3);
    const shared_payload payload{std::string_view(text)};
    text.assign("xyz");
    CHECK(payload.size() == 3);
    CHECK(payload.view() == std::string_view("a\0b", 3));
}

TEST_CASE("an empty handle and an empty payload both have an empty view", "[shared_payload]")
{
    const shared_payload none;
    CHECK(none.empty());
    CHECK(none.data() == nullptr);
    CHECK(none.view().empty());

    const shared_payload empty{std::string_view()};
    CHECK(empty.empty());
    CHECK(empty.view().empty());
}

TEST_CASE("copies share one block and never copy the bytes", "[shared_payload]")
{
    const shared_payload first{std::string_view("frame")};
    shared_payload second(first);
    shared_payload third;
    third = second;
    CHECK(second.data() == first.data());
    CHECK(third.data() == first.data());
}

TEST_CASE("a payload outlives the handle that it was made with", "[shared_payload]")
{
    shared_payload kept;
    {
        const shared_payload made{std::string_view("still here")};
        kept = made;
    }
    CHECK(kept.view() == "still here");
}

TEST_CASE("a moved-from handle is empty and its block has one owner less", "[shared_payload]")
{
    shared_payload from{std::string_view("moved")};
    const char* bytes = from.data();
    const shared_payload to(std::move(from));
    CHECK(to.data() == bytes);
    CHECK(from.data() == nullptr); // NOLINT(bugprone-use-after-move): the state after a move is what is tested
}

TEST_CASE("assigning a handle to itself keeps the bytes", "[shared_payload]")
{
    shared_payload payload{std::string_view("self")};
    auto& same = payload;
    payload = same;
    CHECK(payload.view() == "self");
}

TEST_CASE("bytes are filled in place", "[shared_payload]")
{
    const auto payload = shared_payload::make(4, [](char* to) { std::memcpy(to, "abcd", 4); });
    CHECK(payload.view() == "abcd");
}

TEST_CASE("a fill that throws leaks nothing", "[shared_payload]")
{
    // Under the address sanitizer a lost block fails the program.
    CHECK_THROWS_AS(shared_payload::make(1024, [](char*) { throw std::runtime_error("no"); }), std::runtime_error);
}

TEST_CASE("handles copied and dropped by eight threads at once keep the bytes until the last one", "[shared_payload]")
{
    constexpr int threads = 8;
    constexpr int rounds = 2'000;
    const std::string text(100, 'x');
    shared_payload original{std::string_view(text)};
    std::atomic<int> wrong{0};
    {
        std::vector<std::jthread> workers;
        for (int i = 0; i < threads; ++i) {
            // Each thread owns a handle from the start; the original is dropped while they run.
            workers.emplace_back([mine = original, &text, &wrong] {
                for (int round = 0; round < rounds; ++round) {
                    shared_payload copy(mine);
                    const shared_payload moved(std::move(copy));
                    if (moved.view() != text) ++wrong;
                }
            });
        }
        original = shared_payload();
    }
    CHECK(wrong == 0);
}
