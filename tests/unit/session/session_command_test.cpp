// SPDX-License-Identifier: MIT
// Commands that are wrong or too many, actions, and exceptions in them.
#include "welcomed.hpp"

#include "support/catch.hpp"

using namespace coax;
using namespace coax::test;
using namespace std::chrono_literals;

TEST_CASE("R3/R4: an identifier that names no channel is logged and not answered", "[session]")
{
    welcomed w;
    const char* wrong[] = {"no json", "[]", "{}", R"({"channel":null})", R"({"channel":1})", R"({"channel":"Unknown"})", R"({"channel":""})",
                           R"({"channel":"script"})"};
    std::int64_t failed = 0;
    for (const auto* identifier : wrong) {
        INFO(identifier);
        w.peer->subscribe(identifier);
        CHECK(w.world.metric("commands_failed_total") == ++failed);
    }
    CHECK(w.peer->said().empty());
    CHECK(w.world.log->count({"warn subscribe.failed", "sid=s1"}) == static_cast<std::size_t>(failed));
    w.peer->subscribe(script("a"));
    CHECK(w.peer->said() == strings{"confirm a"});
}

TEST_CASE("R3: unsubscribe and message of an unknown identifier are logged and not answered", "[session]")
{
    welcomed w;
    w.peer->unsubscribe(script("a"));
    w.peer->perform(script("a"), "transmit:x");
    w.peer->subscribe(script("b"));
    CHECK(w.peer->said() == strings{"confirm b"});
    CHECK(w.world.log->has({"unsubscribe.failed", "no such subscription"}));
    CHECK(w.world.log->has({"message.failed", "no such subscription"}));
}

TEST_CASE("R3: identifiers are compared byte by byte", "[session]")
{
    welcomed w;
    w.peer->subscribe(R"({"channel":"Script","id":"a"})");
    w.peer->subscribe(R"({"id":"a","channel":"Script"})");
    w.peer->unsubscribe(R"({"channel":"Script", "id":"a"})");
    CHECK(w.peer->said() == strings{"confirm a", "confirm a"});
    CHECK(w.peer->who->subscription_count() == 2);
}

TEST_CASE("R3: data that is no object, and an action that is unknown or no text, are logged and not answered", "[session]")
{
    welcomed w;
    w.peer->subscribe(script("a"));
    w.peer->said();
    const char* wrong[] = {"", "x", "[]", "1", "null", R"({"action":"missing"})", R"({"action":1})", R"({"action":{}})", "{}", R"({"action":" "})"};
    std::int64_t failed = 0;
    for (const auto* data : wrong) {
        INFO(data);
        w.peer->message(script("a"), data);
        CHECK(w.world.metric("commands_failed_total") == ++failed);
    }
    CHECK(w.world.log->count({"warn message.failed"}) == static_cast<std::size_t>(failed));
    w.peer->message(script("a"), R"({"action":"plain"})");
    CHECK(w.world.trace == strings{"subscribed a", "plain a"});
    CHECK(w.peer->said().empty());
}

TEST_CASE("data without an action, with a blank one, or with receive itself, goes to receive", "[session]")
{
    welcomed w;
    const std::string identifier = R"({"channel":"Receiving"})";
    w.peer->subscribe(identifier);
    for (const auto* data : {R"({"n":1})", R"({"action":null})", R"({"action":""})", R"({"action":" "})"}) w.peer->message(identifier, data);
    w.peer->message(identifier, R"({"action":"receive"})");
    CHECK(w.world.trace == strings{R"(received {"n":1})", R"(received {"action":null})", R"(received {"action":""})", R"(received {"action":" "})", R"(received {"action":"receive"})"});
    CHECK(w.world.metric("commands_failed_total") == 0);
}

TEST_CASE("P21/F#6: hooks cannot be called by clients", "[session]")
{
    welcomed w;
    w.peer->subscribe(script("a"));
    for (const auto* hook : {"subscribed", "unsubscribed", "stream_from", "reject", "describe"})
        w.peer->message(script("a"), R"({"action":")" + std::string(hook) + "\"}");
    CHECK(w.world.trace == strings{"subscribed a"});
    CHECK(w.world.metric("commands_failed_total") == 5);
}

TEST_CASE("an exception in an action is logged with channel and action, and the session goes on", "[session]")
{
    welcomed w;
    w.peer->subscribe(script("a"));
    w.peer->perform(script("a"), "throw:oops");
    w.peer->perform(script("a"), "throw_int");
    w.peer->perform(script("a"), "transmit:alive");
    CHECK(w.peer->said() == strings{"confirm a", "a: \"alive\""});
    CHECK(w.world.log->count({"error user.exception", "sid=s1", "channel=Script", "in=run", "error=scripted oops"}) == 1);
    CHECK(w.world.log->count({"error user.exception", "channel=Script", "in=run"}) == 2);
    CHECK(w.world.metric("user_exceptions_total") == 2);
    CHECK(w.world.metric("commands_failed_total") == 2);
}

TEST_CASE("an exception in unsubscribed still ends the subscription", "[session]")
{
    welcomed w;
    const auto a = script("a", "stream:news", "throw:oops");
    w.peer->subscribe(a);
    w.peer->unsubscribe(a);
    CHECK(w.world.is_hub_empty());
    w.peer->subscribe(a);
    CHECK(w.peer->said() == strings{"confirm a", "confirm a"});
}

TEST_CASE("one subscription more than allowed is rejected, and counts again when another has ended", "[session]")
{
    welcomed w;
    w.world.context.limits.max_subscriptions = 2;
    for (const auto* id : {"a", "b", "c"}) w.peer->subscribe(script(id));
    CHECK(w.peer->said() == strings{"confirm a", "confirm b", "reject c"});
    CHECK(w.world.log->has({"subscribe.failed", "too many subscriptions"}));
    w.peer->unsubscribe(script("a"));
    w.peer->subscribe(script("c"));
    CHECK(w.peer->said() == strings{"confirm c"});
}

TEST_CASE("refused subscribes leave no row behind", "[session]")
{
    welcomed w;
    w.world.context.limits.max_subscriptions = 2;
    for (int i = 0; i < 5; ++i) {
        w.peer->subscribe(script("r" + std::to_string(i), "reject"));
        w.peer->subscribe(R"({"channel":"Unknown","n":)" + std::to_string(i) + "}");
    }
    CHECK(w.peer->said() == strings{"reject r0", "reject r1", "reject r2", "reject r3", "reject r4"});
    w.peer->subscribe(script("a"));
    CHECK(w.peer->said() == strings{"confirm a"});
}

TEST_CASE("a full command queue pauses reading until it is half empty", "[session]")
{
    welcomed w;
    w.world.context.limits.max_pending_commands = 4;
    w.peer->subscribe(script("a"));
    for (int i = 0; i < 3; ++i) w.peer->perform(script("a"), i == 0 ? "wait:one" : i == 1 ? "wait:two" : "note:x");
    CHECK(w.peer->who->wants_reading());
    w.peer->perform(script("a"), "transmit:last");
    CHECK_FALSE(w.peer->who->wants_reading());
    w.world.open_gate("one");
    CHECK(w.peer->socket.resumed == 0);
    w.world.open_gate("two");
    CHECK(w.peer->socket.resumed == 1);
    CHECK(w.peer->who->wants_reading());
    w.world.advance(1h);
    CHECK(w.peer->said() == strings{"confirm a", "a: \"last\""});
}

TEST_CASE("commands that waited for the welcome do not count any more when they have run", "[session]")
{
    session_world world;
    world.context.limits.max_pending_commands = 2;
    world.on_connect = "wait:auth";
    auto& peer = world.connect();
    peer.subscribe(script("a"));
    peer.perform(script("a"), "transmit:hello");
    CHECK_FALSE(peer.who->wants_reading());
    world.open_gate("auth");
    CHECK(peer.who->wants_reading());
    CHECK(peer.socket.resumed == 1);
    world.advance(1h);
    peer.perform(script("a"), "wait:never");
    CHECK(peer.who->wants_reading());
    CHECK(peer.said() == strings{"welcome", "confirm a", "a: \"hello\""});
}

TEST_CASE("commands that waited for the welcome and fail at once free the queue as well", "[session]")
{
    session_world world;
    world.context.limits.max_pending_commands = 2;
    world.on_connect = "wait:auth";
    auto& peer = world.connect();
    for (int i = 0; i < 2; ++i) peer.unsubscribe(script("a"));
    CHECK_FALSE(peer.who->wants_reading());
    world.open_gate("auth");
    CHECK(peer.who->wants_reading());
    CHECK(peer.socket.resumed == 1);
    world.advance(1h);
    CHECK(peer.said() == strings{"welcome"});
}

TEST_CASE("a command queue that stays full closes with too_many_commands", "[session]")
{
    session_world world;
    world.context.limits.max_pending_commands = 2;
    world.context.limits.connect_timeout = 1h;
    SECTION("while a subscribe hangs") {}
    SECTION("while connect hangs") { world.on_connect = "wait:auth"; }
    auto& peer = world.connect();
    const auto a = script("a", "wait:never");
    peer.subscribe(a);
    peer.perform(a, "note:x");
    CHECK_FALSE(peer.who->wants_reading());
    peer.said();
    world.advance(world.context.limits.command_wait - 1ms);
    CHECK(peer.said().empty());
    world.advance(1ms);
    CHECK(peer.said() == strings{"disconnect too_many_commands reconnect", "close 1000"});
    CHECK(peer.who->wants_reading());
}
