// SPDX-License-Identifier: MIT
#include "session/heartbeat.hpp"

#include "protocol/codec.hpp"
#include "protocol/frame_codec.hpp"

#include <algorithm>

namespace coax {

void heartbeat::add(session& which, std::uint64_t random)
{
    which.beat_slot_ = static_cast<std::uint16_t>(random % slots);
    auto& list = wheel_[which.beat_slot_].members;
    which.beat_index_ = static_cast<std::uint32_t>(list.size());
    list.push_back(&which);
    ++count_;
}

void heartbeat::remove(session& which) noexcept
{
    auto& list = wheel_[which.beat_slot_].members;
    auto* last = list.back();
    list[which.beat_index_] = last;
    last->beat_index_ = which.beat_index_;
    list.pop_back();
    --count_;
}

void heartbeat::tick(time_point now, std::int64_t unix_seconds)
{
    if (due_ == time_point()) due_ = now;
    // After a pause of an interval or more every slot is late: each gets one ping now.
    if (now - due_ >= tick_length() * slots) due_ = now - tick_length() * (slots - 1);
    while (due_ <= now) {
        ping(next_, unix_seconds);
        next_ = (next_ + 1) % slots;
        due_ += tick_length();
    }
}

void heartbeat::ping(unsigned slot, std::int64_t unix_seconds)
{
    auto& list = wheel_[slot];
    if (list.members.empty()) return;
    list.last_value = std::max(unix_seconds, list.last_value + 1);
    const auto frame = encode_frame(opcode::text, protocol_.ping(list.last_value));
    for (auto* which : list.members) which->ping(frame);
}

} // namespace coax
