// SPDX-License-Identifier: MIT
#include "hub/interest_fsm.hpp"

#include "hub/interest_table.hpp"

#include "support/catch.hpp"

namespace {

using coax::interest_fsm;
using call = interest_fsm::call;
using state = interest_fsm::state;

interest_fsm active()
{
    interest_fsm machine;
    machine.wanted();
    machine.subscribed(machine.call_number(), true, true);
    return machine;
}

interest_fsm unsubscribing()
{
    auto machine = active();
    machine.unwanted();
    return machine;
}

} // namespace

TEST_CASE("an idle stream that is wanted is subscribed, once", "[interest]")
{
    interest_fsm machine;
    CHECK(machine.current() == state::idle);
    CHECK(machine.wanted() == call::subscribe);
    CHECK(machine.current() == state::subscribing);
    CHECK(machine.wanted() == call::none);
}

TEST_CASE("an idle stream that nobody wants stays idle", "[interest]")
{
    interest_fsm machine;
    CHECK(machine.unwanted() == call::none);
    CHECK(machine.current() == state::idle);
}

TEST_CASE("an acknowledged stream is active and needs no further call", "[interest]")
{
    interest_fsm machine;
    machine.wanted();
    const auto outcome = machine.subscribed(machine.call_number(), true, true);
    CHECK(outcome.is_known);
    CHECK(outcome.next == call::none);
    CHECK(machine.current() == state::active);
    CHECK(machine.wanted() == call::none);
}

TEST_CASE("a failed subscribe makes the stream idle, and the next one who wants it tries anew", "[interest]")
{
    interest_fsm machine;
    machine.wanted();
    const auto outcome = machine.subscribed(machine.call_number(), false, true);
    CHECK(outcome.is_known);
    CHECK(outcome.next == call::none);
    CHECK(machine.current() == state::idle);
    CHECK(machine.wanted() == call::subscribe);
}

TEST_CASE("nobody left while subscribing: the call is not overtaken, and its end is followed by an unsubscribe", "[interest]")
{
    interest_fsm machine;
    machine.wanted();
    CHECK(machine.unwanted() == call::none);
    CHECK(machine.current() == state::subscribing);
    const auto outcome = machine.subscribed(machine.call_number(), true, false);
    CHECK(outcome.next == call::unsubscribe);
    CHECK(machine.current() == state::unsubscribing);
}

TEST_CASE("an active stream that nobody wants is unsubscribed, once", "[interest]")
{
    auto machine = active();
    CHECK(machine.unwanted() == call::unsubscribe);
    CHECK(machine.unwanted() == call::none);
    CHECK_FALSE(machine.unsubscribed(machine.call_number() - 1, false).is_known);
    CHECK(machine.unsubscribed(machine.call_number(), false).next == call::none);
    CHECK(machine.current() == state::idle);
}

TEST_CASE("who comes while unsubscribing waits for its end, then the stream is subscribed anew", "[interest]")
{
    auto machine = unsubscribing();
    CHECK(machine.wanted() == call::none);
    const auto awaited = machine.awaited_number();
    const auto outcome = machine.unsubscribed(machine.call_number(), true);
    CHECK(outcome.is_known);
    CHECK(outcome.next == call::subscribe);
    CHECK(machine.current() == state::subscribing);
    CHECK(machine.call_number() == awaited);
}

TEST_CASE("who comes while subscribing awaits that very call", "[interest]")
{
    interest_fsm machine;
    machine.wanted();
    CHECK(machine.awaited_number() == machine.call_number());
}

TEST_CASE("a second completion of a call changes nothing", "[interest]")
{
    auto machine = active();
    const auto first = machine.call_number();
    CHECK_FALSE(machine.subscribed(first, false, true).is_known);
    CHECK(machine.current() == state::active);

    machine.unwanted();
    const auto second = machine.call_number();
    machine.unsubscribed(second, true);
    CHECK(machine.current() == state::subscribing);
    CHECK_FALSE(machine.unsubscribed(second, false).is_known);
    CHECK(machine.current() == state::subscribing);
}

TEST_CASE("a late completion of an earlier call is not taken for that of the present one", "[interest]")
{
    auto machine = unsubscribing();
    machine.unsubscribed(machine.call_number(), true);
    // Under way is the third call; the first one is answered again.
    CHECK_FALSE(machine.subscribed(1, true, true).is_known);
    CHECK(machine.current() == state::subscribing);
}

TEST_CASE("a completion of the other kind is ignored, even with the right number", "[interest]")
{
    interest_fsm machine;
    machine.wanted();
    CHECK_FALSE(machine.unsubscribed(machine.call_number(), false).is_known);
    CHECK(machine.current() == state::subscribing);

    auto leaving = unsubscribing();
    CHECK_FALSE(leaving.subscribed(leaving.call_number(), true, true).is_known);
    CHECK(leaving.current() == state::unsubscribing);
}

TEST_CASE("an idle and an active stream ignore every completion", "[interest]")
{
    interest_fsm idle;
    CHECK_FALSE(idle.subscribed(0, true, true).is_known);
    CHECK_FALSE(idle.unsubscribed(0, true).is_known);
    CHECK(idle.current() == state::idle);

    auto busy = active();
    CHECK_FALSE(busy.unsubscribed(busy.call_number(), false).is_known);
    CHECK(busy.current() == state::active);
}

TEST_CASE("a stream that is forgotten and comes again does not take up its old numbers", "[interest]")
{
    coax::interest_table table;
    auto& first = table.find_or_add("news");
    first.machine.wanted();
    const auto old = first.machine.call_number();
    first.machine.subscribed(old, false, false);
    table.erase_if_idle(first);
    REQUIRE(table.streams.empty());

    auto& second = table.find_or_add("news");
    second.machine.wanted();
    CHECK_FALSE(second.machine.subscribed(old, true, true).is_known);
    CHECK(second.machine.current() == state::subscribing);
}
