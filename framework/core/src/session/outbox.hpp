// SPDX-License-Identifier: MIT
#pragma once

#include <coax/shared_payload.hpp>

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

namespace coax {

/// Frames that wait for one socket, in order, the first one perhaps sent in part. Sans-I/O. Thread rule: shard-affine.
///
/// Holds references, not copies; `bytes` counts what is still to send. Bounds are the session's business.
class outbox {
public:
    bool empty() const noexcept { return head_ == frames_.size(); }
    std::size_t bytes() const noexcept { return bytes_; }

    /// `offset`: bytes of the frame that were sent already; only for the first one of an empty outbox.
    void push(shared_frame frame, std::size_t offset = 0);

    /// The next pieces to send, at most `into.size()` of them; answers how many.
    std::size_t gather(std::span<std::string_view> into) const noexcept;

    /// `sent` bytes of what `gather` gave are on their way.
    void consume(std::size_t sent) noexcept;

    /// Keeps the frame that was sent in part, so that the stream of frames stays whole, and drops the rest.
    void drop_unsent() noexcept;

private:
    std::vector<shared_frame> frames_;
    std::size_t head_ = 0;   // first frame not sent whole
    std::size_t offset_ = 0; // sent bytes of it
    std::size_t bytes_ = 0;
};

} // namespace coax
