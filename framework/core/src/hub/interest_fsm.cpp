// SPDX-License-Identifier: MIT
#include "hub/interest_fsm.hpp"

namespace coax {

interest_fsm::call interest_fsm::start(call what) noexcept
{
    state_ = what == call::subscribe ? state::subscribing : state::unsubscribing;
    ++number_;
    return what;
}

interest_fsm::call interest_fsm::wanted() noexcept
{
    return state_ == state::idle ? start(call::subscribe) : call::none;
}

interest_fsm::call interest_fsm::unwanted() noexcept
{
    return state_ == state::active ? start(call::unsubscribe) : call::none;
}

interest_fsm::outcome interest_fsm::subscribed(std::uint32_t number, bool ok, bool is_wanted) noexcept
{
    if (state_ != state::subscribing || number != number_) return {};
    if (!ok) {
        state_ = state::idle;
        return {call::none, true};
    }
    state_ = state::active;
    return {is_wanted ? call::none : start(call::unsubscribe), true};
}

interest_fsm::outcome interest_fsm::unsubscribed(std::uint32_t number, bool is_wanted) noexcept
{
    if (state_ != state::unsubscribing || number != number_) return {};
    state_ = state::idle;
    return {is_wanted ? start(call::subscribe) : call::none, true};
}

} // namespace coax
