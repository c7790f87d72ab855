// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>

namespace coax {

/// Bounds the lines of one event that a client can cause; counts what it holds back.
///
/// Up to `lines_per_second` lines pass in a second that begins with the first of them; 0: none pass. Have one limiter
/// per event name, or one loud event hides the others. Sans-I/O: time comes in, and never runs backwards.
/// Thread rule: one thread at a time (a member of something shard-affine).
///
/// ```cpp
/// if (const auto pass = malformed_limit_.allow(now))
///     log.warn("client.malformed", {{"sid", id}, {"suppressed", pass.suppressed}});
/// ```
class log_limiter {
public:
    using clock = std::chrono::steady_clock;

    struct verdict {
        bool allowed;
        std::uint64_t suppressed; ///< lines held back since the last one that passed; 0 unless `allowed`
        explicit operator bool() const noexcept { return allowed; }
    };

    explicit log_limiter(unsigned lines_per_second) noexcept : limit_(lines_per_second) {}

    /// Asks to write one line at `now`.
    verdict allow(clock::time_point now) noexcept
    {
        roll(now);
        if (passed_ >= limit_) {
            ++suppressed_;
            return {false, 0};
        }
        ++passed_;
        return {true, take()};
    }

    /// For a ticker: the lines held back and not reported yet, once their second is over, so that the count of a burst
    /// that just stopped is not lost. 0: nothing to report.
    std::uint64_t take_suppressed(clock::time_point now) noexcept
    {
        return has_ended(now) ? take() : 0;
    }

private:
    bool has_ended(clock::time_point now) const noexcept { return now - began_ >= std::chrono::seconds(1); }

    void roll(clock::time_point now) noexcept
    {
        if (has_begun_ && !has_ended(now)) return;
        has_begun_ = true;
        began_ = now;
        passed_ = 0;
    }

    std::uint64_t take() noexcept
    {
        const std::uint64_t count = suppressed_;
        suppressed_ = 0;
        return count;
    }

    unsigned limit_;
    unsigned passed_ = 0;
    bool has_begun_ = false;
    clock::time_point began_{};
    std::uint64_t suppressed_ = 0;
};

} // namespace coax
