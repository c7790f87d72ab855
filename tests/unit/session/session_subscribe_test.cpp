// SPDX-License-Identifier: MIT
// Subscribe and unsubscribe: what they run, what the client hears, in which order.
#include "welcomed.hpp"

#include <coax/error.hpp>

#include "support/catch.hpp"

using namespace coax;
using namespace coax::test;
using namespace std::chrono_literals;

TEST_CASE("invariant 1/R1/F#9: commands of one identifier run one after the other, another identifier is not delayed", "[session]")
{
    welcomed w;
    w.peer->subscribe(script("a"));
    w.peer->subscribe(script("b"));
    w.peer->perform(script("a"), "wait:slow transmit:slow");
    w.peer->perform(script("a"), "transmit:quick");
    w.peer->perform(script("b"), "transmit:other");
    CHECK(w.peer->said() == strings{"confirm a", "confirm b", "b: \"other\""});
    w.world.open_gate("slow");
    CHECK(w.peer->said() == strings{"a: \"slow\"", "a: \"quick\""});
}

TEST_CASE("invariant 2/C6: broadcasts between acknowledgement and confirmation come after the confirmation, in order", "[session]")
{
    welcomed w;
    w.peer->subscribe(script("a", "stream:news wait:g"));
    w.world.publish("news", "1");
    w.world.publish("news", "2");
    CHECK(w.peer->said().empty());
    w.world.open_gate("g");
    w.world.publish("news", "3");
    CHECK(w.peer->said() == strings{"confirm a", "a: 1", "a: 2", "a: 3"});
}

TEST_CASE("C2/C5: two subscriptions of one stream are confirmed by the one acknowledgement, not before", "[session]")
{
    welcomed w;
    w.world.adapter.is_holding = true;
    auto& second = w.world.connect();
    w.peer->subscribe(script("a", "stream:news"));
    second.subscribe(script("b", "stream:news"));
    CHECK(w.peer->said().empty());
    CHECK(second.said() == strings{"welcome"});
    REQUIRE(w.world.adapter.acknowledge("news"));
    w.world.turn();
    CHECK(w.peer->said() == strings{"confirm a"});
    CHECK(second.said() == strings{"confirm b"});
    CHECK(w.world.adapter.asked == strings{"+news"});
}

TEST_CASE("C6: with three streams there is one confirmation, after the last acknowledgement", "[session]")
{
    welcomed w;
    w.world.adapter.is_holding = true;
    w.peer->subscribe(script("a", "stream:x stream:y stream:z"));
    for (const auto* stream : {"x", "y", "z"}) {
        CHECK(w.peer->said().empty());
        REQUIRE(w.world.adapter.acknowledge(stream));
        w.world.turn();
    }
    CHECK(w.peer->said() == strings{"confirm a"});
}

TEST_CASE("invariant 3: broadcasts of one turn come before a transmission that follows them, and stop with the unsubscribe", "[session]")
{
    welcomed w;
    w.peer->subscribe(script("a", "stream:news"));
    w.world.publish("news", "1");
    w.peer->perform(script("a"), "broadcast:news=2");
    w.peer->unsubscribe(script("a", "stream:news"));
    w.world.publish("news", "3");
    CHECK(w.peer->said() == strings{"confirm a", "a: 1"});
    CHECK(w.world.is_hub_empty());
}

TEST_CASE("a unicast comes behind what was broadcast before it in the same turn", "[session]")
{
    welcomed w;
    const auto a = script("a", "stream:news");
    w.peer->subscribe(a);
    w.peer->said();
    w.world.context.cable.broadcast_raw("news", "1");
    w.world.shard.drain();
    REQUIRE(w.peer->who->transmit_text(R"({"unicast":1})"));
    w.world.context.cable.broadcast_raw("news", "2");
    w.world.turn();
    CHECK(w.peer->said() == strings{"a: 1", R"({"unicast":1})", "a: 2"});
}

TEST_CASE("invariant 3: after an unsubscribe nothing of the subscription is sent", "[session]")
{
    welcomed w;
    const auto a = script("a", "stream:news"), b = script("b", "stream:news");
    w.peer->subscribe(a);
    w.peer->subscribe(b);
    w.peer->unsubscribe(a);
    w.world.publish("news", "1");
    CHECK(w.peer->said() == strings{"confirm a", "confirm b", "b: 1"});
    CHECK(w.world.metric("subscriptions") == 1);
    w.peer->perform(a, "transmit:x");
    CHECK(w.peer->said().empty());
    CHECK(w.world.log->has({"message.failed", "no such subscription"}));
}

TEST_CASE("F#6/A8/R6 row 1 and 2: a subscription with and without streams is confirmed once", "[session]")
{
    welcomed w;
    w.peer->subscribe(script("a"));
    w.peer->subscribe(script("b", "stream:x stream:y"));
    CHECK(w.peer->said() == strings{"confirm a", "confirm b"});
    CHECK(w.world.trace == strings{"subscribed a", "subscribed b"});
    CHECK(w.world.metric("subscriptions") == 2);
}

TEST_CASE("F#6/R7 row 3 and 6: a rejected subscription runs unsubscribed, then the client is told; it leaves no stream", "[session]")
{
    welcomed w;
    std::string in;
    SECTION("rejected at once") { in = "reject stream:never"; }
    SECTION("after a stream") { in = "stream:news reject stream:never"; }
    const auto a = script("a", in, "transmit:bye");
    w.peer->subscribe(a);
    CHECK(w.peer->said() == strings{"a: \"bye\"", "reject a"});
    CHECK(w.world.trace == strings{"subscribed a", "unsubscribed a"});
    CHECK(w.world.is_hub_empty());
    for (const auto& asked : w.world.adapter.asked) CHECK(asked != "+never");
    w.peer->perform(a, "transmit:x");
    CHECK(w.peer->said().empty());
    CHECK(w.world.metric("commands_failed_total") == 1);
    CHECK(w.world.metric("subscriptions") == 0);
}

TEST_CASE("F#6 row 7/D5: an exception in subscribed is logged with its channel, cleaned up and rejected", "[session]")
{
    welcomed w;
    const auto a = script("a", "stream:news throw:oops");
    w.peer->subscribe(a);
    CHECK(w.peer->said() == strings{"reject a"});
    CHECK(w.world.trace == strings{"subscribed a", "unsubscribed a"});
    CHECK(w.world.is_hub_empty());
    CHECK(w.world.log->count({"error user.exception", "sid=s1", "channel=Script", "in=subscribed", "scripted oops"}) == 1);
    CHECK(w.world.metric("commands_failed_total") == 1);
    w.peer->subscribe(script("b"));
    CHECK(w.peer->said() == strings{"confirm b"});
}

TEST_CASE("F#6 row 8: while the adapter does not answer the client hears nothing, and repeated subscribes are ignored", "[session]")
{
    welcomed w(true);
    w.world.adapter.is_holding = true;
    const auto a = script("a", "stream:news");
    for (int i = 0; i < 3; ++i) w.peer->subscribe(a);
    w.world.advance(1h);
    CHECK(w.peer->said().empty());
    REQUIRE(w.world.adapter.acknowledge("news"));
    w.world.turn();
    CHECK(w.peer->said() == strings{"confirm a"});
    CHECK(w.world.trace == strings{"subscribed a"});
}

TEST_CASE("with a limit, a stream that is not acknowledged in time rejects its subscription", "[session]")
{
    welcomed w;
    w.world.context.limits.stream_timeout = 2s;
    w.world.adapter.is_holding = true;
    w.peer->subscribe(script("a", "stream:news"));
    w.world.advance(2s - 1ms);
    CHECK(w.peer->said().empty());
    w.world.advance(1ms);
    CHECK(w.peer->said() == strings{"reject a"});
    w.world.adapter.acknowledge("news");
    w.world.turn();
    CHECK(w.world.is_hub_empty());
}

TEST_CASE("a stream that the adapter refuses rejects its subscription", "[session]")
{
    welcomed w;
    w.world.adapter.is_holding = true;
    w.peer->subscribe(script("a", "stream:news"));
    REQUIRE(w.world.adapter.acknowledge("news", make_error_code(errc::plugin_failed)));
    w.world.turn();
    CHECK(w.peer->said() == strings{"reject a"});
    CHECK(w.world.log->has({"user.exception", "plugin failed"}));
    CHECK(w.world.is_hub_empty());
}

TEST_CASE("a channel that goes on without a stream that failed keeps nothing of it, and may try again", "[session]")
{
    welcomed w;
    const auto a = script("a", "try:news");
    w.world.adapter.is_holding = true;
    w.peer->subscribe(a);
    REQUIRE(w.world.adapter.acknowledge("news", make_error_code(errc::plugin_failed)));
    w.world.turn();
    CHECK(w.world.trace == strings{"subscribed a", "news plugin failed"});
    CHECK(w.peer->said() == strings{"confirm a"});
    CHECK(w.world.is_hub_empty());
    w.world.adapter.is_holding = false;
    w.peer->perform(a, "stream:news");
    w.world.publish("news", "1");
    CHECK(w.peer->said() == strings{"a: 1"});
}

TEST_CASE("F#6 row 10: stream_from in unsubscribed starts nothing", "[session]")
{
    welcomed w;
    const auto a = script("a", "", "stream:late note:returned");
    w.peer->subscribe(a);
    w.peer->unsubscribe(a);
    CHECK(w.world.trace == strings{"subscribed a", "unsubscribed a", "returned"});
    CHECK(w.world.adapter.asked.empty());
}

TEST_CASE("D9/P22: a stream named twice is delivered once, and one stop ends it", "[session]")
{
    welcomed w;
    const auto a = script("a", "stream:news stream:news");
    w.peer->subscribe(a);
    w.peer->perform(a, "stream:news");
    w.world.publish("news", "1");
    CHECK(w.peer->said() == strings{"confirm a", "a: 1"});
    w.peer->perform(a, "stop:news");
    w.world.publish("news", "2");
    w.peer->perform(a, "transmit:sentinel");
    CHECK(w.peer->said() == strings{"a: \"sentinel\""});
    CHECK(w.world.is_hub_empty());
}

TEST_CASE("an action can start and stop streams of a confirmed subscription", "[session]")
{
    welcomed w;
    const auto a = script("a");
    w.peer->subscribe(a);
    w.peer->perform(a, "stream:x stream:y");
    w.world.publish("x", "1");
    w.peer->perform(a, "stop:x stop:unknown");
    w.world.publish("x", "2");
    w.world.publish("y", "3");
    w.peer->perform(a, "stop_all");
    w.world.publish("y", "4");
    w.peer->perform(a, "transmit:sentinel");
    CHECK(w.peer->said() == strings{"confirm a", "a: 1", "a: 3", "a: \"sentinel\""});
}

TEST_CASE("a stream name that is empty or too long is an error of the channel", "[session]")
{
    welcomed w;
    w.peer->subscribe(script("a", "stream:" + std::string(256, 'x')));
    w.peer->subscribe(script("b", "stream:"));
    CHECK(w.peer->said() == strings{"reject a", "reject b"});
    CHECK(w.world.adapter.asked.empty());
}

TEST_CASE("an unsubscribe ends a subscribe that waits for the adapter: nothing is sent, nothing stays, and it can be subscribed again", "[session]")
{
    welcomed w;
    w.world.adapter.is_holding = true;
    const auto a = script("a", "stream:news");
    w.peer->subscribe(a);
    w.peer->unsubscribe(a);
    CHECK(w.world.trace == strings{"subscribed a", "unsubscribed a"});
    CHECK(w.world.shard.member_count() == 0);
    w.world.adapter.acknowledge("news");
    w.world.turn();
    CHECK(w.peer->said().empty());
    CHECK(w.world.is_hub_empty());
    CHECK(w.world.log->count({"user.exception"}) == 0);
    w.world.adapter.is_holding = false;
    w.peer->subscribe(a);
    w.world.publish("news", "1");
    CHECK(w.peer->said() == strings{"confirm a", "a: 1"});
}

TEST_CASE("an unsubscribe ends an action's wait for the adapter as well", "[session]")
{
    welcomed w;
    const auto a = script("a");
    w.peer->subscribe(a);
    w.world.adapter.is_holding = true;
    w.peer->perform(a, "stream:news note:started");
    w.peer->unsubscribe(a);
    CHECK(w.world.trace == strings{"subscribed a", "unsubscribed a"});
    w.world.adapter.acknowledge("news");
    w.world.turn();
    CHECK(w.world.is_hub_empty());
    w.peer->subscribe(a);
    CHECK(w.peer->said() == strings{"confirm a", "confirm a"});
}

TEST_CASE("subscribe, unsubscribe and subscribe in one go end subscribed, also while the adapter is away", "[session]")
{
    welcomed w;
    const auto a = script("a", "stream:news");
    const bool is_held = GENERATE(false, true);
    w.world.adapter.is_holding = is_held;
    for (int round = 0; round < 30; ++round) {
        w.peer->subscribe(a);
        w.peer->unsubscribe(a);
    }
    w.peer->subscribe(a);
    w.world.adapter.is_holding = false;
    while (w.world.adapter.acknowledge("news")) w.world.turn();
    w.peer->said();
    w.world.publish("news", "1");
    CHECK(w.peer->said() == strings{"a: 1"});
    CHECK(w.peer->who->subscription_count() == 1);
    CHECK(w.world.shard.member_count() == 1);
}

TEST_CASE("D4: a duplicate subscribe of a confirmed one runs nothing and is confirmed again only to the stock client", "[session]")
{
    const bool is_stock = GENERATE(false, true);
    welcomed w(is_stock);
    w.peer->subscribe(script("a"));
    w.peer->subscribe(script("a"));
    w.peer->perform(script("a"), "transmit:sentinel");
    CHECK(w.peer->said() == (is_stock ? strings{"confirm a", "confirm a", "a: \"sentinel\""} : strings{"confirm a", "a: \"sentinel\""}));
    CHECK(w.world.trace == strings{"subscribed a"});
}

TEST_CASE("D4: a subscribe that waits behind an unsubscribe is pending: its repetition is not answered by itself", "[session]")
{
    welcomed w(true);
    const auto a = script("a");
    w.peer->subscribe(a);
    w.peer->perform(a, "wait:g");
    w.peer->unsubscribe(a);
    w.peer->subscribe(a);
    w.peer->said();
    w.peer->subscribe(a);
    CHECK(w.peer->said().empty());
    w.world.open_gate("g");
    CHECK(w.peer->said() == strings{"confirm a"});
}

TEST_CASE("D11: a message to a subscription that is still subscribing runs after it", "[session]")
{
    welcomed w;
    const auto a = script("a", "wait:g transmit:first");
    w.peer->subscribe(a);
    w.peer->perform(a, "transmit:second");
    CHECK(w.peer->said().empty());
    w.world.open_gate("g");
    CHECK(w.peer->said() == strings{"a: \"first\"", "confirm a", "a: \"second\""});
}

TEST_CASE("D11: a message to a subscription that turns out rejected is refused", "[session]")
{
    welcomed w;
    const auto a = script("a", "wait:g reject");
    w.peer->subscribe(a);
    w.peer->perform(a, "note:ran");
    w.world.open_gate("g");
    CHECK(w.peer->said() == strings{"reject a"});
    CHECK(w.world.trace == strings{"subscribed a", "passed g", "unsubscribed a"});
    CHECK(w.world.log->has({"message.failed", "no such subscription"}));
}

TEST_CASE("a transmission in subscribed reaches the client before the confirmation", "[session]")
{
    welcomed w;
    w.peer->subscribe(script("a", R"(transmit:hello raw:{"n":[1]})"));
    CHECK(w.peer->said() == strings{"a: \"hello\"", R"(a: {"n":[1]})", "confirm a"});
}

TEST_CASE("a subscribe that comes while unsubscribed runs waits for its end and then begins anew", "[session]")
{
    welcomed w;
    const auto a = script("a", "stream:news", "wait:g");
    w.peer->subscribe(a);
    w.peer->unsubscribe(a);
    w.peer->subscribe(a);
    CHECK(w.peer->said() == strings{"confirm a"});
    w.world.open_gate("g");
    CHECK(w.peer->said() == strings{"confirm a"});
    CHECK(w.world.trace == strings{"subscribed a", "unsubscribed a", "passed g", "subscribed a"});
    w.world.publish("news", "1");
    CHECK(w.peer->said() == strings{"a: 1"});
}
