// SPDX-License-Identifier: MIT
// From open to finish: welcome, refusals, closing from either side, hooks.
#include "session_world.hpp"

#include "support/catch.hpp"

using namespace coax;
using namespace coax::test;
using namespace std::chrono_literals;

TEST_CASE("A14/A9: commands sent before the welcome wait, in order; the welcome comes first, then the confirmations", "[session]")
{
    session_world world;
    world.on_connect = "wait:auth";
    auto& peer = world.connect();
    peer.subscribe(script("a"));
    peer.perform(script("a"), "transmit:hello");
    peer.subscribe(script("b"));
    CHECK(peer.said().empty());
    CHECK(world.trace == strings{"connect"});
    world.open_gate("auth");
    CHECK(peer.said() == strings{"welcome", "confirm a", "a: \"hello\"", "confirm b"});
}

TEST_CASE("an accepted connection is counted, and a session forgets the headers that it need not keep", "[session]")
{
    session_world world;
    auto start = plain_start();
    start.env.url = "/cable?token=secret";
    start.env.headers = {{"cookie", "a=b"}, {"origin", "http://x"}};
    auto& peer = world.connect(std::move(start));
    CHECK(peer.said() == strings{"welcome"});
    CHECK(world.metric("sessions") == 1);
    CHECK(world.metric("sessions_opened_total") == 1);
    CHECK(peer.who->env().headers == std::vector<std::pair<std::string, std::string>>{{"origin", "http://x"}});
    CHECK_FALSE(world.log->has({"secret"}));
    REQUIRE(peer.finish());
    CHECK(world.metric("sessions") == 0);
}

TEST_CASE("what connect transmits comes before the welcome", "[session]")
{
    session_world world;
    world.on_connect = "send:early";
    CHECK(world.connect().said() == strings{R"({"sent":"early"})", "welcome"});
}

TEST_CASE("invariant 6/D26: an unauthorized connection gets disconnect and close 1000, no welcome; its disconnect hook runs once", "[session]")
{
    session_world world;
    world.on_connect = "unauthorized";
    auto& peer = world.connect();
    CHECK(peer.said() == strings{"disconnect unauthorized final", "close 1000"});
    CHECK(world.metric("user_exceptions_total") == 0);
    peer.who->on_peer_close(close_code::normal, {});
    CHECK(peer.who->is_reading_over());
    REQUIRE(peer.finish());
    CHECK(world.trace == strings{"connect", "disconnect"});
}

TEST_CASE("D7: an exception in connect is logged and closes with server_error, reconnect and 1011", "[session]")
{
    session_world world;
    world.on_connect = "throw:up";
    auto& peer = world.connect();
    CHECK(peer.said() == strings{"disconnect server_error reconnect", "close 1011"});
    CHECK(world.log->count({"error user.exception", "sid=s1", "channel=connection", "in=connect", "error=scripted up"}) == 1);
    CHECK(world.metric("user_exceptions_total") == 1);
}

TEST_CASE("a connect that takes too long is cancelled and refused as a server error", "[session]")
{
    session_world world;
    world.on_connect = "wait:never";
    auto& peer = world.connect();
    world.advance(world.context.limits.connect_timeout - 1ms);
    CHECK(peer.said().empty());
    world.advance(1ms);
    CHECK(peer.said() == strings{"disconnect server_error reconnect", "close 1011"});
    CHECK(world.log->count({"error connect.timed_out"}) == 1);
    CHECK(world.log->count({"user.exception"}) == 0);
    REQUIRE(peer.finish());
    CHECK(world.trace == strings{"connect", "disconnect"});
}

TEST_CASE("a connection that ended in time is not hit by the limit of connect", "[session]")
{
    session_world world;
    auto& peer = world.connect();
    world.advance(1h);
    CHECK(peer.said() == strings{"welcome"});
    CHECK(peer.who->phase() == session_phase::open);
}

TEST_CASE("connect is cancelled at once when the peer leaves, and nothing of it is an error", "[session]")
{
    session_world world;
    world.on_connect = "wait:never";
    auto& peer = world.connect();
    SECTION("without a word") {}
    SECTION("with a close frame") { peer.who->on_peer_close(close_code::going_away, {}); }
    SECTION("after our own close") { peer.who->close_with("server_restart", true, close_code::going_away, {}); }
    REQUIRE(peer.finish());
    CHECK(world.trace == strings{"connect", "disconnect"});
    CHECK(world.log->count({"error "}) == 0);
}

TEST_CASE("a peer that is gone before connect began leaves no error behind", "[session]")
{
    session_world world;
    auto& peer = world.accept();
    peer.who->open();
    REQUIRE(peer.finish());
    CHECK(world.log->count({"error "}) == 0);
    CHECK(world.metric("sessions") == 0);
}

TEST_CASE("a connection that closes itself in connect is not welcomed", "[session]")
{
    session_world world;
    world.on_connect = "close:enough";
    CHECK(world.connect().said() == strings{"disconnect enough final", "close 1000"});
}

TEST_CASE("A17: what is transmitted after close is dropped, and closing again does nothing", "[session]")
{
    session_world world;
    auto& peer = world.connect();
    peer.subscribe(script("a"));
    peer.perform(script("a"), "transmit:before close:done transmit:after close:again");
    CHECK(peer.said() == strings{"welcome", "confirm a", "a: \"before\"", "disconnect done final", "close 1000"});
    CHECK_FALSE(peer.who->transmit_text("{}"));
    peer.subscribe(script("b"));
    peer.text(R"({"command":"ping"})");
    peer.who->on_ping("x");
    peer.who->on_binary();
    world.turn();
    CHECK(peer.said().empty());
    REQUIRE(peer.finish());
    CHECK(world.trace == strings{"connect", "subscribed a", "unsubscribed a", "disconnect"});
}

TEST_CASE("a close frame of the peer is answered with its code, behind what waits", "[session]")
{
    session_world world;
    auto& peer = world.connect();
    REQUIRE(peer.who->transmit_text(R"({"n":1})"));
    std::string expected = "close";
    SECTION("normal")
    {
        peer.who->on_peer_close(close_code::normal, "bye");
        expected += " 1000";
    }
    SECTION("an application's own")
    {
        peer.who->on_peer_close(static_cast<close_code>(4321), {});
        expected += " 4321";
    }
    SECTION("without one") { peer.who->on_peer_close(close_code::none, {}); }
    CHECK(peer.who->is_reading_over());
    peer.is_destroyed_at_end = true; // before the end of the turn
    REQUIRE(peer.finish());
    CHECK(peer.said() == strings{"welcome", R"({"n":1})", expected});
}

TEST_CASE("a violation is answered with its close code; what follows is discarded until the peer ends the connection", "[session]")
{
    session_world world;
    auto& peer = world.connect();
    peer.who->on_violation(close_code::message_too_big, "message too big");
    CHECK(peer.who->is_discarding());
    CHECK_FALSE(peer.who->is_reading_over());
    world.turn();
    CHECK(peer.said() == strings{"welcome", "close 1009 message too big"});
    CHECK(peer.socket.is_shut);
    CHECK(world.metric("client_messages_malformed_total") == 1);
    CHECK_FALSE(peer.socket.is_aborted);
    world.advance(world.context.limits.close_timeout);
    CHECK(peer.socket.is_aborted);
}

TEST_CASE("a peer that does not answer our close frame is cut after close_timeout", "[session]")
{
    session_world world;
    auto& peer = world.connect();
    peer.who->close_with("server_restart", true, close_code::going_away, "Server restart");
    world.turn();
    CHECK(peer.said() == strings{"welcome", "disconnect server_restart reconnect", "close 1001 Server restart"});
    CHECK(peer.who->wants_reading());
    CHECK(peer.socket.resumed == 1);
    world.advance(world.context.limits.close_timeout - 1ms);
    CHECK_FALSE(peer.socket.is_aborted);
    world.advance(1ms);
    CHECK(peer.socket.is_aborted);
}

TEST_CASE("invariant 6: at the end every unsubscribed runs, then disconnect, each once, whatever they throw", "[session]")
{
    session_world world;
    world.on_disconnect = "throw:last";
    auto& peer = world.connect();
    peer.subscribe(script("a", "stream:news", "throw:a"));
    peer.subscribe(script("b", "stream:news", "throw_int"));
    peer.subscribe(script("c", "", "note:end"));
    world.trace.clear();
    REQUIRE(peer.finish());
    CHECK(world.trace == strings{"unsubscribed a", "unsubscribed b", "unsubscribed c", "end", "disconnect"});
    CHECK(world.log->count({"user.exception", "channel=Script", "in=unsubscribed", "scripted a"}) == 1);
    CHECK(world.log->count({"user.exception", "channel=connection", "in=disconnect", "scripted last"}) == 1);
    CHECK(world.metric("subscriptions") == 0);
    CHECK(world.is_hub_empty());
}

TEST_CASE("finish waits for a running action, then cancels it after command_grace; the hooks come after it", "[session]")
{
    session_world world;
    auto& peer = world.connect();
    peer.subscribe(script("a"));
    peer.perform(script("a"), "wait:g note:done");
    peer.perform(script("a"), "note:dropped");
    world.trace.clear();
    CHECK_FALSE(peer.finish());
    SECTION("it ends in time")
    {
        world.open_gate("g");
        CHECK(world.trace == strings{"passed g", "done", "unsubscribed a", "disconnect"});
    }
    SECTION("it does not")
    {
        world.advance(world.context.limits.command_grace);
        CHECK(world.trace == strings{"unsubscribed a", "disconnect"});
        CHECK(world.log->count({"user.exception"}) == 0);
    }
    CHECK(peer.finish());
}

TEST_CASE("a hook that hangs is cancelled after command_grace, and the next one runs", "[session]")
{
    session_world world;
    world.on_disconnect = "wait:never note:not_reached";
    auto& peer = world.connect();
    peer.subscribe(script("a", "", "wait:never"));
    peer.subscribe(script("b"));
    world.trace.clear();
    CHECK_FALSE(peer.finish());
    CHECK(world.trace == strings{"unsubscribed a"});
    world.advance(world.context.limits.command_grace);
    CHECK(world.trace == strings{"unsubscribed a", "unsubscribed b", "disconnect"});
    CHECK_FALSE(peer.finish());
    world.advance(world.context.limits.command_grace);
    CHECK(peer.finish());
    CHECK(world.log->count({"warn session.hook_cancelled"}) == 2);
}

TEST_CASE("a session that is destroyed in the turn in which it ends is not called any more, by the shard or by a limit", "[session]")
{
    session_world world;
    world.context.limits.max_pending_commands = 3;
    world.context.limits.stream_timeout = 1min;
    auto& peer = world.connect();
    peer.is_destroyed_at_end = true;
    SECTION("idle") {}
    SECTION("closed by us") { peer.who->close({}, true); }
    SECTION("with a full queue")
    {
        const auto waiting = script("a", "wait:g");
        peer.subscribe(waiting);
        for (int i = 0; i < 2; ++i) peer.perform(waiting, "note:never");
        REQUIRE_FALSE(peer.who->wants_reading());
    }
    SECTION("with a stream that is waited for")
    {
        world.adapter.is_holding = true;
        peer.subscribe(script("a", "stream:news"));
    }
    if (!peer.finish()) world.open_gate("g");
    REQUIRE(peer.is_finished());
    CHECK(world.sessions.size() == 0);
    CHECK_FALSE(world.deadlines.next());
    world.adapter.acknowledge("news");
    world.turn();
    CHECK(world.is_hub_empty());
}

TEST_CASE("a subscribe that waits for the adapter ends with its session at once, and its unsubscribed runs", "[session]")
{
    session_world world;
    world.adapter.is_holding = true;
    auto& peer = world.connect();
    peer.subscribe(script("a", "stream:news note:after"));
    world.trace.clear();
    REQUIRE(peer.finish());
    CHECK(world.trace == strings{"unsubscribed a", "disconnect"});
    peer.destroy();
    world.adapter.acknowledge("news");
    world.turn();
    CHECK(world.is_hub_empty());
}

TEST_CASE("a snapshot lists the confirmed subscriptions with their streams", "[session]")
{
    session_world world;
    world.on_connect = "identify:user=7 identify:team=3";
    auto& peer = world.connect();
    peer.subscribe(script("a", "stream:news stream:sport"));
    peer.subscribe(script("r", "reject"));
    peer.subscribe(script("w", "wait:never"));
    const auto taken = peer.who->snapshot();
    CHECK(taken.session_id == "s1");
    CHECK(taken.identifiers == "3:7");
    CHECK(taken.subprotocol == "actioncable-v1-json");
    REQUIRE(taken.subscriptions.size() == 1);
    CHECK(taken.subscriptions[0].identifier == script("a", "stream:news stream:sport"));
    REQUIRE(taken.subscriptions[0].streams.size() == 2);
    CHECK(taken.subscriptions[0].streams[0].name == "news");
    CHECK(taken.subscriptions[0].streams[1].name == "sport");
    CHECK(peer.who->subscription_count() == 1);
}

TEST_CASE("R2: malformed input is counted and logged, and the session goes on", "[session]")
{
    session_world world;
    auto& peer = world.connect();
    const std::string wrong[] = {"",
                                 "garbage",
                                 "[1]",
                                 "\"x\"",
                                 "1",
                                 "null",
                                 "{}",
                                 R"({"command":1})",
                                 R"({"command":"dance","identifier":"x"})",
                                 R"({"command":"subscribe"})",
                                 R"({"command":"subscribe","identifier":" "})",
                                 R"({"command":"subscribe","identifier":{"channel":"Script"}})",
                                 R"({"command":"message","identifier":"x"})",
                                 R"({"command":"message","identifier":"x","data":{"action":"run"}})",
                                 R"({"command":"subscribe","identifier":"\ud800"})",
                                 R"({"command":"subscribe","identifier":"a)" + std::string(1, '\0') + R"("})",
                                 std::string(64 * 1024, '['),
                                 R"({"command":"subscribe","identifier":")" + std::string(5000, 'x') + "\"}"};
    std::int64_t count = 0;
    for (const auto& text : wrong) {
        INFO(text.substr(0, 100));
        peer.text(text);
        CHECK(world.metric("client_messages_malformed_total") == ++count);
    }
    CHECK(world.log->count({"warn client.malformed", "sid=s1"}) == static_cast<std::size_t>(count));
    peer.subscribe(script("a"));
    CHECK(peer.said() == strings{"welcome", "confirm a"});
}

TEST_CASE("lines that clients can cause are limited, their count is not", "[session]")
{
    session_world world;
    world.context.client_errors_per_second = 2;
    auto& peer = world.connect();
    for (int i = 0; i < 5; ++i) peer.text("x");
    CHECK(world.log->count({"client.malformed"}) == 2);
    CHECK(world.metric("client_messages_malformed_total") == 5);
    peer.who->on_binary(); // a loud event hides no other
    CHECK(world.log->count({"client.binary_ignored", "suppressed=0"}) == 1);
    world.advance(1s);
    peer.text("x");
    CHECK(world.log->count({"client.malformed", "suppressed=3"}) == 1);
}

TEST_CASE("binary messages are ignored and counted; pings are answered with their payload, ping commands with a pong message", "[session]")
{
    session_world world;
    auto& peer = world.connect();
    peer.who->on_binary();
    CHECK(world.metric("binary_frames_ignored_total") == 1);
    peer.who->on_ping("payload");
    world.turn();
    peer.text(R"({"command":"ping"})");
    peer.text(R"({"command":"pong"})");
    CHECK(peer.said() == strings{"welcome", "pong payload", "pong"});
}
