// SPDX-License-Identifier: MIT
#include "session/session_table.hpp"

#include <utility>

namespace coax {

session& session_table::add(std::unique_ptr<session> made)
{
    made->table_index_ = static_cast<std::uint32_t>(sessions_.size());
    return *sessions_.emplace_back(std::move(made));
}

void session_table::remove(session& which)
{
    const auto index = which.table_index_;
    sessions_.back()->table_index_ = index;
    std::swap(sessions_[index], sessions_.back());
    sessions_.pop_back();
}

void session_table::for_each(const std::function<void(session&)>& call)
{
    for (std::size_t i = 0; i < sessions_.size(); ++i) call(*sessions_[i]);
}

session* session_table::heaviest() noexcept
{
    session* found = nullptr;
    std::size_t most = 0;
    for (auto& candidate : sessions_) {
        if (candidate->phase() != session_phase::open || candidate->pending_bytes() <= most) continue;
        most = candidate->pending_bytes();
        found = candidate.get();
    }
    return found;
}

} // namespace coax
