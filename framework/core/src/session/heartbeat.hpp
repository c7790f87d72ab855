// SPDX-License-Identifier: MIT
#pragma once

#include "session/session.hpp"

#include <array>
#include <chrono>
#include <cstdint>
#include <vector>

namespace coax {

/// The pings of one shard, spread over the interval: each session has a place on a wheel, and one slot of it is pinged per tick.
///
/// A slot's frame is made once and shared; its values increase strictly. Sans-I/O: the shard's ticker calls `tick`.
/// Thread rule: shard-affine.
/// Source: action-cable-framework.md 4.4.
class heartbeat {
public:
    using time_point = std::chrono::steady_clock::time_point;
    static constexpr unsigned slots = 30;

    /// `interval` zero: no pings.
    heartbeat(std::chrono::milliseconds interval, const codec& protocol) noexcept : interval_(interval), protocol_(protocol) {}

    bool is_on() const noexcept { return interval_.count() > 0; }
    /// `random` spreads the phases.
    void add(session& which, std::uint64_t random);
    void remove(session& which) noexcept;
    bool is_empty() const noexcept { return count_ == 0; }

    /// Time between ticks.
    std::chrono::steady_clock::duration tick_length() const noexcept { return std::chrono::steady_clock::duration(interval_) / slots; }
    /// Pings every slot whose time has come since the last tick; after a long pause each slot at most once.
    void tick(time_point now, std::int64_t unix_seconds);

private:
    void ping(unsigned slot, std::int64_t unix_seconds);

    struct slot_list {
        std::vector<session*> members;
        std::int64_t last_value = 0;
    };

    std::chrono::milliseconds interval_;
    const codec& protocol_;
    std::array<slot_list, slots> wheel_;
    std::size_t count_ = 0;
    unsigned next_ = 0;
    time_point due_{}; // of slot next_
};

} // namespace coax
