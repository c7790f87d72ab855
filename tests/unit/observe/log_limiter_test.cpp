// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include "observe/log_limiter.hpp"

using coax::log_limiter;
using namespace std::chrono_literals;

TEST_CASE("a limiter lets so many lines of a second pass and counts the rest", "[log_limiter]")
{
    log_limiter limiter(2);
    const log_limiter::clock::time_point start{};
    CHECK(limiter.allow(start));
    CHECK(limiter.allow(start + 500ms));
    CHECK_FALSE(limiter.allow(start + 600ms));
    CHECK_FALSE(limiter.allow(start + 999ms));

    const auto next = limiter.allow(start + 1000ms);
    CHECK(next);
    CHECK(next.suppressed == 2);
    CHECK(limiter.allow(start + 1001ms).suppressed == 0);
    CHECK_FALSE(limiter.allow(start + 1002ms));
}

TEST_CASE("a burst that stopped can still be summed up, once its second is over", "[log_limiter]")
{
    log_limiter limiter(1);
    const log_limiter::clock::time_point start{};
    CHECK(limiter.allow(start));
    CHECK_FALSE(limiter.allow(start + 1ms));
    CHECK(limiter.take_suppressed(start + 999ms) == 0);
    CHECK(limiter.take_suppressed(start + 1000ms) == 1);
    CHECK(limiter.take_suppressed(start + 2000ms) == 0);
    CHECK(limiter.allow(start + 2000ms).suppressed == 0);
}

TEST_CASE("a limit of zero lets nothing pass and still counts", "[log_limiter]")
{
    log_limiter limiter(0);
    const log_limiter::clock::time_point start{};
    CHECK_FALSE(limiter.allow(start));
    CHECK_FALSE(limiter.allow(start + 5s));
    CHECK(limiter.take_suppressed(start + 10s) == 2);
}
