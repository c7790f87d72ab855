// SPDX-License-Identifier: MIT
#pragma once

#include <coax/shared_payload.hpp>

#include <cstddef>
#include <span>
#include <string_view>

namespace coax {

/// Frames that go to a listener together, built once for all listeners of a group.
struct frame_block {
    std::span<const shared_frame> frames;
    std::string_view contiguous; ///< the same bytes in one piece, or empty if joining them was not worth it
    std::size_t bytes = 0;       ///< of all frames
};

/// What the hub needs of a session. Thread rule: shard-affine.
///
/// None of these may call back into the hub's joins and leaves: the hub walks its lists while it calls them. A session that has to
/// close because of one remembers that and does it afterwards.
class subscriber {
public:
    /// Sends now what the socket takes, and keeps the rest; behind what waits already.
    virtual void deliver(const frame_block& block) = 0;
    /// Puts frames behind what waits, without sending.
    virtual void enqueue(std::span<const shared_frame> frames) = 0;
    /// End of the turn: sends what waits, as far as the socket takes it.
    virtual void flush() = 0;
    /// A held member has collected more than the mark: this listener does not keep up.
    virtual void overflowed() = 0;

protected:
    ~subscriber() = default;

private:
    friend class hub_shard;
    bool is_listed_for_flush_ = false;
};

} // namespace coax
