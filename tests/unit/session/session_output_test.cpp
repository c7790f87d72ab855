// SPDX-License-Identifier: MIT
// What reaches the socket, and what happens when it takes little, nothing, or fails.
#include "session_world.hpp"

#include "protocol/codec.hpp"

#include "support/catch.hpp"

#include <set>

using namespace coax;
using namespace coax::test;
using namespace std::chrono_literals;

namespace {

std::string big(std::size_t size) { return '"' + std::string(size, 'x') + '"'; }

/// A welcomed client with one subscription of stream `news`.
struct listening {
    listening() : peer(&world.connect())
    {
        peer->subscribe(a);
        peer->said();
    }
    session_world world;
    std::string a = script("a", "stream:news");
    client* peer;
};

} // namespace

TEST_CASE("a slow reader gets what waited as soon as it reads again, whole and in order", "[session][output]")
{
    listening l;
    l.peer->socket.room = 10;
    l.world.publish("news", "1");
    CHECK(l.peer->socket.awaits_writable);
    l.world.publish("news", "2");
    CHECK(l.world.load.pending_bytes == l.peer->who->pending_bytes());
    l.peer->perform(l.a, "transmit:three");
    const auto waiting = l.peer->who->pending_bytes();
    CHECK(waiting > 0);
    CHECK(l.world.load.pending_bytes == waiting);
    CHECK(l.world.metric("pending_bytes") == static_cast<std::int64_t>(waiting));
    l.peer->writable(20);
    CHECK(l.world.load.pending_bytes == waiting - 20);
    l.peer->writable();
    CHECK(l.peer->said() == strings{"a: 1", "a: 2", "a: \"three\""});
    CHECK(l.world.load.pending_bytes == 0);
    CHECK_FALSE(l.peer->socket.is_double_wait);
}

TEST_CASE("D12: above max_pending_bytes the frame sent in part is finished, the rest dropped, and too_slow said", "[session][output]")
{
    listening l;
    l.world.context.limits.max_pending_bytes = 10'000;
    l.peer->socket.room = 100;
    l.world.publish("news", big(3000));
    for (int i = 0; i < 2; ++i) l.world.publish("news", "\"dropped\"");
    CHECK(l.peer->who->phase() == session_phase::open);
    l.world.publish("news", big(8000));
    CHECK(l.peer->who->phase() == session_phase::closing);
    CHECK(l.world.metric("slow_disconnects_total") == 1);
    CHECK(l.world.log->count({"warn session.too_slow", "sid=s1"}) == 1);
    CHECK(l.peer->who->pending_bytes() < 4000);
    CHECK(l.world.load.pending_bytes == l.peer->who->pending_bytes());
    l.world.publish("news", "\"late\"");
    l.peer->writable();
    CHECK(l.peer->said() == strings{"a: " + big(3000), "disconnect too_slow reconnect", "close 1000"});
    CHECK(l.world.load.pending_bytes == 0);
}

TEST_CASE("a slow reader that never reads again is cut, and its bytes are not counted any more", "[session][output]")
{
    listening l;
    l.world.context.limits.max_pending_bytes = 1000;
    l.peer->socket.room = 10;
    l.world.publish("news", big(5000));
    CHECK(l.world.load.pending_bytes > 0);
    l.world.advance(l.world.context.limits.close_timeout);
    CHECK(l.peer->socket.is_aborted);
    REQUIRE(l.peer->finish());
    l.peer->destroy();
    CHECK(l.world.load.pending_bytes == 0);
    CHECK(l.world.metric("pending_bytes") == 0);
    CHECK(l.world.is_hub_empty());
}

TEST_CASE("the bound holds for whatever a peer that does not read causes", "[session][output]")
{
    listening l;
    l.world.context.limits.max_pending_bytes = 10'000;
    l.peer->socket.room = 0;
    l.world.publish("news", "1");
    REQUIRE(l.peer->socket.awaits_writable);
    heartbeat beats(30s, json_codec());
    beats.add(*l.peer->who, 0);
    auto now = l.world.now;
    int steps = 0;
    const auto cause = GENERATE(0, 1, 2, 3);
    for (; steps < 2000 && l.peer->who->phase() == session_phase::open; ++steps) {
        switch (cause) {
        case 0: l.peer->who->on_ping(std::string(100, 'p')); break;
        case 1: l.peer->text(R"({"command":"ping"})"); break;
        case 2: beats.tick(now += 31s, steps); break;
        case 3: l.peer->subscribe(script("x" + std::to_string(steps), "reject")); break;
        }
        l.world.turn();
        REQUIRE(l.peer->who->pending_bytes() < 12'000);
        REQUIRE(l.world.load.pending_bytes == l.peer->who->pending_bytes());
    }
    beats.remove(*l.peer->who);
    CHECK(l.peer->who->phase() == session_phase::closing);
    CHECK(l.world.log->has({"session.too_slow"}));
}

TEST_CASE("what was held back for a confirmation counts against the bound as well", "[session][output]")
{
    session_world world;
    world.context.limits.max_pending_bytes = 10'000;
    auto& peer = world.connect();
    peer.subscribe(script("b", "stream:other"));
    peer.said();
    peer.socket.room = 0;
    world.publish("other", "1");
    peer.subscribe(script("a", "stream:news wait:g"));
    world.publish("news", big(20'000));
    CHECK(peer.who->phase() == session_phase::open);
    world.open_gate("g");
    CHECK(peer.who->phase() == session_phase::closing);
    CHECK(world.load.pending_bytes < 1000);
}

TEST_CASE("a held subscription that collects more than its mark ends the session as too slow", "[session][output]")
{
    session_world world;
    auto& peer = world.connect();
    peer.subscribe(script("a", "stream:news wait:g"));
    for (int i = 0; i < 5; ++i) world.publish("news", big(300'000));
    CHECK(peer.said() == strings{"welcome", "disconnect too_slow reconnect", "close 1000"});
    REQUIRE(peer.finish() == false);
    world.open_gate("g");
    CHECK(peer.finish());
}

TEST_CASE("one turn may push twice the bound to a socket that takes it all", "[session][output]")
{
    listening l;
    std::string steps;
    for (int i = 0; i < 20; ++i) steps += "big:100000 ";
    l.peer->perform(l.a, steps + "transmit:end");
    const auto said = l.peer->said();
    REQUIRE(said.size() == 21);
    CHECK(said[0] == "a: " + big(100'000));
    CHECK(said[20] == "a: \"end\"");
    CHECK(l.peer->who->phase() == session_phase::open);
    CHECK(l.peer->who->pending_bytes() == 0);
}

TEST_CASE("a burst larger than one gathering send arrives whole", "[session][output]")
{
    listening l;
    std::vector<broadcast_message> batch;
    strings expected;
    for (int i = 0; i < 300; ++i) {
        batch.push_back({"news", std::to_string(i)});
        expected.push_back("a: " + std::to_string(i));
    }
    l.world.context.cable.broadcast_batch(std::move(batch));
    l.world.turn();
    CHECK(l.peer->said() == expected);
}

TEST_CASE("nobody else is slower for a slow reader", "[session][output]")
{
    listening l;
    auto& other = l.world.connect();
    other.subscribe(l.a);
    other.said();
    l.peer->socket.room = 0;
    for (int i = 0; i < 3; ++i) l.world.publish("news", std::to_string(i));
    CHECK(other.said() == strings{"a: 0", "a: 1", "a: 2"});
    CHECK(l.peer->said().empty());
}

TEST_CASE("deflate: a large broadcast is compressed once for two listeners, a small one is sent as it is", "[session][output]")
{
    session_world world;
    auto start = plain_start();
    start.deflate = true;
    auto& one = world.connect(start);
    auto& two = world.connect(start);
    auto& plain = world.connect();
    const auto a = script("a", "stream:news");
    for (auto* peer : {&one, &two, &plain}) {
        peer->subscribe(a);
        peer->said();
    }
    const auto before = world.metric("frames_encoded_total");
    world.publish("news", big(1000));
    CHECK(world.metric("frames_encoded_total") - before == 2);
    CHECK(one.said() == strings{"deflated a: " + big(1000)});
    CHECK(two.said() == strings{"deflated a: " + big(1000)});
    CHECK(plain.said() == strings{"a: " + big(1000)});
    CHECK(one.last_frame() == two.last_frame());
    CHECK(one.last_frame().size() < 200);
    world.publish("news", "1");
    CHECK(one.said() == strings{"a: 1"});
    one.perform(a, "big:1000");
    CHECK(one.said() == strings{"deflated a: " + big(1000)});
}

TEST_CASE("the heaviest session is the open one with the most bytes waiting", "[session][output]")
{
    listening l;
    CHECK(l.world.sessions.heaviest() == nullptr);
    auto& other = l.world.connect();
    other.subscribe(script("b", "stream:news stream:more"));
    l.peer->socket.room = 0;
    other.socket.room = 0;
    l.world.publish("news", "1");
    l.world.publish("more", "1");
    CHECK(l.world.sessions.heaviest() == other.who);
    other.who->too_slow();
    CHECK(l.world.sessions.heaviest() == l.peer->who);
}

TEST_CASE("a session taken out of the table leaves the others in it", "[session][output]")
{
    session_world world;
    for (int i = 0; i < 4; ++i) world.connect();
    auto& gone = world.connect();
    world.connect();
    REQUIRE(gone.finish());
    auto* const was = gone.who;
    gone.destroy();
    std::set<session*> left;
    world.sessions.for_each([&](session& each) { left.insert(&each); });
    CHECK(left.size() == 5);
    CHECK(left.count(was) == 0);
    CHECK(world.sessions.size() == 5);
}
