// SPDX-License-Identifier: MIT
#include <coax/backoff.hpp>

#include "support/catch.hpp"

#include <cstdint>
#include <limits>

using namespace std::chrono_literals;

namespace {

// With the span's size minus one as random number, the delay is the bound itself.
std::uint64_t largest(std::int64_t bound) { return static_cast<std::uint64_t>(bound - bound / 10); }

} // namespace

TEST_CASE("the bound doubles from the minimum to the maximum and stays there", "[backoff]")
{
    coax::backoff delays(100ms, 1000ms);
    CHECK(delays.next(largest(100)) == 100ms);
    CHECK(delays.next(largest(200)) == 200ms);
    CHECK(delays.next(largest(400)) == 400ms);
    CHECK(delays.next(largest(800)) == 800ms);
    CHECK(delays.next(largest(1000)) == 1000ms);
    CHECK(delays.next(largest(1000)) == 1000ms);
    CHECK(delays.attempts() == 6);
}

TEST_CASE("a delay lies between a tenth of the bound and the bound, whatever the random number", "[backoff]")
{
    std::uint64_t random = 0x9e3779b97f4a7c15;
    for (int round = 0; round < 1'000; ++round) {
        coax::backoff delays(500ms, 500ms);
        random = random * 6364136223846793005u + 1442695040888963407u;
        const auto delay = delays.next(random);
        REQUIRE(delay >= 50ms);
        REQUIRE(delay <= 500ms);
    }
    CHECK(coax::backoff(500ms, 500ms).next(0) == 50ms);
    CHECK(coax::backoff(500ms, 500ms).next(std::numeric_limits<std::uint64_t>::max()) >= 50ms);
}

TEST_CASE("two clients with different random numbers do not come back together", "[backoff]")
{
    coax::backoff first(1000ms, 1000ms);
    coax::backoff second(1000ms, 1000ms);
    CHECK(first.next(1) != second.next(2));
}

TEST_CASE("after a success the next delay starts from the minimum again", "[backoff]")
{
    coax::backoff delays(100ms, 1000ms);
    (void)delays.next(0);
    (void)delays.next(0);
    delays.reset();
    CHECK(delays.attempts() == 0);
    CHECK(delays.next(largest(100)) == 100ms);
}

TEST_CASE("a minimum of zero gives a delay, not a division by zero", "[backoff]")
{
    coax::backoff delays(0ms, 0ms);
    CHECK(delays.next(12345) == 0ms);
}
