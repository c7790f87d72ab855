// SPDX-License-Identifier: MIT
#pragma once

#include <coax/result.hpp>
#include <coax/shared_payload.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <vector>

namespace coax {

/// What reaches a shard from outside of it. Exactly one of the three.
struct mailbox_entry {
    enum class kind : std::uint8_t { message, acknowledged, call };
    kind what = kind::message;
    shared_payload stream;
    shared_payload payload;     ///< message
    error_code error;           ///< acknowledged
    std::uint32_t number = 0;   ///< acknowledged: of the subscribe call (`interest_fsm`)
    std::function<void()> call; ///< call
};

/// The one way into a shard, its own messages included: a bare post from the shard's own thread would overtake.
///
/// Thread rule: any thread; `take` on the shard. Its mutex is held for a vector operation only.
class mailbox {
public:
    /// True if the box was empty: the caller then wakes the shard, once.
    bool push(mailbox_entry entry);

    /// Moves everything into `into` (which must be empty) in order of arrival.
    void take(std::vector<mailbox_entry>& into);

    /// Entries waiting; the mark by which a shard counts as overloaded.
    std::size_t size() const;

private:
    mutable std::mutex mutex_;
    std::vector<mailbox_entry> entries_;
};

} // namespace coax
