// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>

namespace coax::load {

/// Counts durations in nanoseconds with a relative error below 2 %, in fixed memory: a fan-out gives a hundred thousand of them.
class histogram {
public:
    void add(std::uint64_t nanoseconds) noexcept
    {
        ++counts_[index_of(nanoseconds)];
        ++total_;
    }

    /// Takes over what another has counted.
    void add(const histogram& other) noexcept
    {
        for (std::size_t index = 0; index < counts_.size(); ++index) counts_[index] += other.counts_[index];
        total_ += other.total_;
    }

    void clear() noexcept
    {
        counts_.fill(0);
        total_ = 0;
    }

    std::uint64_t count() const noexcept { return total_; }

    /// The value below or at which a share `q` (0 to 1) of the durations lies; 0 if there are none.
    std::uint64_t quantile(double q) const noexcept
    {
        if (total_ == 0) return 0;
        auto rank = static_cast<std::uint64_t>(std::ceil(q * static_cast<double>(total_)));
        if (rank == 0) rank = 1;
        std::uint64_t seen = 0;
        for (std::size_t index = 0; index < counts_.size(); ++index) {
            seen += counts_[index];
            if (seen >= rank) return middle_of(index);
        }
        return middle_of(counts_.size() - 1);
    }

private:
    // Below 64 exact; above, 32 buckets for each power of two.
    static std::size_t index_of(std::uint64_t value) noexcept
    {
        if (value < 64) return static_cast<std::size_t>(value);
        const auto shift = static_cast<unsigned>(std::bit_width(value)) - 6;
        return 32 * shift + static_cast<std::size_t>(value >> shift);
    }

    static std::uint64_t middle_of(std::size_t index) noexcept
    {
        if (index < 64) return index;
        const std::size_t shift = index / 32 - 1;
        const std::uint64_t low = static_cast<std::uint64_t>(index - 32 * shift) << shift;
        return low + (std::uint64_t{1} << (shift - 1));
    }

    std::array<std::uint64_t, 32 * 60> counts_{};
    std::uint64_t total_ = 0;
};

} // namespace coax::load
