// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

namespace coax {

/// One stream on the node: does the adapter carry it for us? Sans-I/O: events in, the next call to the adapter out.
///
/// At most one call is outstanding, so subscribe and unsubscribe cannot overtake each other at the back end. A listener that comes
/// while the last one's unsubscribe is under way waits for its end, then subscribes anew.
/// Every call has a number; a completion with another number (a second one, or one of a call long past) is ignored.
///
/// ```text
/// idle --wanted--> subscribing --ok--> active --unwanted--> unsubscribing --done--> idle
///                       |  failed: idle                          | done, wanted again: subscribing
///                       |  ok, unwanted meanwhile: unsubscribing
/// ```
/// Source: action-cable-framework.md 13.2.
class interest_fsm {
public:
    enum class state : std::uint8_t { idle, subscribing, active, unsubscribing };
    enum class call : std::uint8_t { none, subscribe, unsubscribe };

    /// The first call gets the number after `last`.
    explicit interest_fsm(std::uint32_t last = 0) noexcept : number_(last) {}

    state current() const noexcept { return state_; }
    /// The number of the call last asked for.
    std::uint32_t call_number() const noexcept { return number_; }
    /// The number of the subscribe call whose answer concerns one who wants it now: the one under way or, while an unsubscribe is,
    /// the next.
    std::uint32_t awaited_number() const noexcept { return state_ == state::unsubscribing ? number_ + 1 : number_; }

    /// Somebody listens.
    call wanted() noexcept;
    /// Nobody listens any more.
    call unwanted() noexcept;

    struct outcome {
        call next = call::none;
        bool is_known = false; ///< the completion belonged to the outstanding call
    };
    /// The adapter answered a subscribe. `is_wanted`: somebody still listens.
    outcome subscribed(std::uint32_t number, bool ok, bool is_wanted) noexcept;
    /// The adapter answered an unsubscribe; a failed one counts as done, since nobody listens to what might still come.
    outcome unsubscribed(std::uint32_t number, bool is_wanted) noexcept;

private:
    call start(call what) noexcept;

    state state_ = state::idle;
    std::uint32_t number_;
};

} // namespace coax
