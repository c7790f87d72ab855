// SPDX-License-Identifier: MIT
#include "session/outbox.hpp"

#include <boost/assert.hpp>

#include <utility>

namespace coax {

void outbox::push(shared_frame frame, std::size_t offset)
{
    BOOST_ASSERT(offset == 0 || empty());
    if (empty()) {
        frames_.clear();
        head_ = 0;
        offset_ = offset;
    }
    bytes_ += frame.size() - offset;
    frames_.push_back(std::move(frame));
}

std::size_t outbox::gather(std::span<std::string_view> into) const noexcept
{
    std::size_t count = 0;
    for (auto i = head_; i < frames_.size() && count < into.size(); ++i, ++count) {
        into[count] = frames_[i].view();
        if (i == head_) into[count].remove_prefix(offset_);
    }
    return count;
}

void outbox::consume(std::size_t sent) noexcept
{
    BOOST_ASSERT(sent <= bytes_);
    bytes_ -= sent;
    while (sent > 0) {
        const auto left = frames_[head_].size() - offset_;
        if (sent < left) {
            offset_ += sent;
            break;
        }
        sent -= left;
        frames_[head_] = {};
        ++head_;
        offset_ = 0;
    }
    // A long queue that never runs empty must not grow by its sent part.
    if (head_ > 64 && head_ * 2 > frames_.size()) {
        frames_.erase(frames_.begin(), frames_.begin() + static_cast<std::ptrdiff_t>(head_));
        head_ = 0;
    }
}

void outbox::drop_unsent() noexcept
{
    const auto keep = head_ + (offset_ > 0 ? 1 : 0);
    frames_.resize(keep);
    bytes_ = offset_ > 0 ? frames_[head_].size() - offset_ : 0;
}

} // namespace coax
