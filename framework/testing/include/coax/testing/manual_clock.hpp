// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <functional>

namespace coax::testing {

/// A monotonic clock that a test moves by hand, for code that takes the time as an argument or as a function.
///
/// It never moves on its own, so a test of time-outs needs no waiting and gives the same answer each time.
/// Thread rule: one thread. Since 0.1.
class manual_clock {
public:
    using duration = std::chrono::steady_clock::duration;
    using time_point = std::chrono::steady_clock::time_point;

    /// Starts at an arbitrary point that is not zero: code that takes zero for "never" must not pass by luck.
    manual_clock() noexcept : now_(std::chrono::hours(1)) {}
    explicit manual_clock(time_point start) noexcept : now_(start) {}
    manual_clock(const manual_clock&) = delete;
    manual_clock& operator=(const manual_clock&) = delete;

    time_point now() const noexcept { return now_; }

    /// Moves forward. A monotonic clock cannot go back: a negative `by` is ignored.
    void advance(duration by) noexcept
    {
        if (by > duration::zero()) now_ += by;
    }

    /// The clock as a function, for code that asks for the time itself. It refers to this object.
    std::function<time_point()> source() const
    {
        return [this] { return now_; };
    }

private:
    time_point now_;
};

} // namespace coax::testing
