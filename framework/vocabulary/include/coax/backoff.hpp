// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace coax {

/// Delays between attempts: doubling from `min` to `max`, each drawn uniformly from zero to the current bound (full jitter).
/// A value, without a timer or a random source of its own, so that tests can drive it.
class backoff {
public:
    using duration = std::chrono::milliseconds;

    backoff(duration min, duration max) noexcept : min_(min), max_(max), bound_(min) {}

    /// The next delay; `random` is any uniformly distributed 64-bit number. Never below a tenth of the bound.
    duration next(std::uint64_t random) noexcept
    {
        const auto bound = bound_;
        bound_ = std::min(max_, bound_ * 2);
        ++attempts_;
        const auto floor = bound.count() / 10;
        const auto span = static_cast<std::uint64_t>(std::max<duration::rep>(1, bound.count() - floor + 1));
        return duration(floor + static_cast<duration::rep>(random % span));
    }

    /// After a success: the next delay starts from `min` again.
    void reset() noexcept
    {
        bound_ = min_;
        attempts_ = 0;
    }

    unsigned attempts() const noexcept { return attempts_; }

private:
    duration min_;
    duration max_;
    duration bound_;
    unsigned attempts_ = 0;
};

} // namespace coax
