// SPDX-License-Identifier: MIT
#include "hub/synchronized.hpp"

#include "support/catch.hpp"

#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

using coax::synchronized;

TEST_CASE("L4: a map behind the lock is changed by eight threads and nothing is lost", "[synchronized]")
{
    constexpr int threads = 8;
    constexpr int rounds = 1'000;
    synchronized<std::map<int, int>> counts;
    {
        std::vector<std::jthread> workers;
        for (int i = 0; i < threads; ++i) {
            workers.emplace_back([&counts] {
                for (int round = 0; round < rounds; ++round) {
                    counts.with_lock([round](std::map<int, int>& map) { ++map[round % 10]; });
                }
            });
        }
    }
    const int total = counts.with_lock([](const std::map<int, int>& map) {
        int sum = 0;
        for (const auto& [key, count] : map) sum += count;
        return sum;
    });
    CHECK(total == threads * rounds);
}

TEST_CASE("with_lock returns what the callable returns, moved out if it moves", "[synchronized]")
{
    synchronized<std::unique_ptr<int>> box(std::make_unique<int>(5));
    const auto taken = box.with_lock([](std::unique_ptr<int>& value) { return std::move(value); });
    REQUIRE(taken);
    CHECK(*taken == 5);
    CHECK(box.with_lock([](const std::unique_ptr<int>& value) { return value == nullptr; }));
}

TEST_CASE("a reading callable gets a const value from a const object", "[synchronized]")
{
    const synchronized<std::string> text("abc");
    CHECK(text.with_lock([](auto& value) { return std::is_const_v<std::remove_reference_t<decltype(value)>>; }));
    CHECK(text.with_lock([](const std::string& value) { return value.size(); }) == 3);
}

TEST_CASE("an exception of the callable frees the lock", "[synchronized]")
{
    synchronized<int> number(1);
    CHECK_THROWS_AS(number.with_lock([](int&) { throw std::runtime_error("no"); }), std::runtime_error);
    CHECK(number.with_lock([](int& value) { return ++value; }) == 2);
}
