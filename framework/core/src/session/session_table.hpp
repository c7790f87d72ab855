// SPDX-License-Identifier: MIT
#pragma once

#include "session/session.hpp"

#include <cstddef>
#include <functional>
#include <memory>
#include <string_view>
#include <vector>

namespace coax {

/// Owns the sessions of one shard. Thread rule: shard-affine.
class session_table {
public:
    session& add(std::unique_ptr<session> made);
    /// Destroys it; `finish` has ended.
    void remove(session& which);
    /// All sessions, in no order. `call` may close sessions, which does not remove them.
    void for_each(const std::function<void(session&)>& call);
    std::size_t size() const noexcept { return sessions_.size(); }

    /// The session with the most bytes waiting, or null if none has any.
    session* heaviest() noexcept;

private:
    std::vector<std::unique_ptr<session>> sessions_;
};

} // namespace coax
