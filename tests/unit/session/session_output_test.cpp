// SPDX-License-Identifier: MIT
// What reaches the socket, and what happens when it takes little, nothing, or fails.
#include "session_world.hpp"

#include "protocol/codec.hpp"
#include "protocol/frame_codec.hpp"

#include "support/catch.hpp"

#include <set>

using namespace coax;
using namespace coax::test;

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

// ---- heartbeat ------------------------------------------------------------------------------------------------------------------

TEST_CASE("pings are spread over the interval, each session gets one per interval, with values that increase", "[session][heartbeat]")
{
    session_world world;
    heartbeat beats(3s, json_codec());
    REQUIRE(beats.is_on());
    REQUIRE(beats.tick_length() == 100ms);
    std::vector<client*> peers;
    for (unsigned i = 0; i < 60; ++i) {
        peers.push_back(&world.connect());
        peers.back()->said();
        beats.add(*peers.back()->who, i);
    }
    auto now = world.now;
    std::size_t most = 0;
    for (int interval = 0; interval < 2; ++interval) {
        for (int tick = 0; tick < 30; ++tick) {
            std::size_t pinged = 0;
            for (auto* peer : peers) pinged += peer->socket.bytes.size();
            beats.tick(now, 1000); // a clock that stands still
            now += 100ms;
            world.turn();
            for (auto* peer : peers) pinged -= peer->socket.bytes.size();
            most = std::max(most, static_cast<std::size_t>(0 - pinged));
        }
    }
    for (auto* peer : peers) CHECK(peer->said() == strings{"ping 1000", "ping 1001"});
    CHECK(most <= 2 * 40); // two sessions a tick
    for (auto* peer : peers) beats.remove(*peer->who);
    CHECK(beats.is_empty());
}

TEST_CASE("after a pause of any length every session is pinged at most once at a time, and goes on once an interval", "[session][heartbeat]")
{
    session_world world;
    heartbeat beats(3s, json_codec());
    std::vector<client*> peers;
    for (unsigned i = 0; i < heartbeat::slots; ++i) {
        peers.push_back(&world.connect());
        beats.add(*peers.back()->who, i);
    }
    auto now = world.now;
    beats.tick(now, 1000);
    world.turn();
    for (auto* peer : peers) peer->said();
    const auto pause = GENERATE(2900ms, 3000ms, 3100ms, 3200ms, 60000ms);
    beats.tick(now += pause, 2000);
    world.turn();
    for (auto* peer : peers) {
        const auto said = peer->said().size();
        CHECK(said <= 1);
        if (pause >= 3000ms) CHECK(said == 1);
    }
    for (unsigned tick = 0; tick < heartbeat::slots; ++tick) beats.tick(now += 100ms, 2010);
    world.turn();
    for (auto* peer : peers) {
        CHECK(peer->said() == strings{"ping 2010"});
        beats.remove(*peer->who);
    }
}

TEST_CASE("a session that was taken off the wheel, is closing, or is not welcomed yet gets no ping", "[session][heartbeat]")
{
    session_world world;
    world.on_connect = "";
    auto& gone = world.connect();
    auto& closing = world.connect();
    auto& stays = world.connect();
    world.on_connect = "wait:auth";
    auto& connecting = world.connect();
    heartbeat beats(3s, json_codec());
    for (auto* peer : {&gone, &closing, &stays, &connecting}) beats.add(*peer->who, 0);
    beats.remove(*gone.who);
    closing.who->close({}, true);
    beats.tick(world.now, 1000);
    world.turn();
    CHECK(gone.said() == strings{"welcome"});
    CHECK(closing.said() == strings{"welcome", "disconnect  reconnect", "close 1000"});
    CHECK(stays.said() == strings{"welcome", "ping 1000"});
    CHECK(connecting.said().empty());
    for (auto* peer : {&closing, &stays, &connecting}) beats.remove(*peer->who);
}

TEST_CASE("an interval of zero switches pings off", "[session][heartbeat]")
{
    CHECK_FALSE(heartbeat(0ms, json_codec()).is_on());
}

// ---- each send once ---------------------------------------------------------------------------------------------------------------

namespace {

constexpr auto all_hooks = {"connect", "subscribed a", "unsubscribed a", "disconnect"};

/// A whole life: connect, subscribe, broadcasts, transmissions, unsubscribe, close. The socket is as `prepare` left it.
void live(session_world& world, client& peer)
{
    const auto a = script("a", "stream:news");
    peer.who->open();
    world.turn();
    peer.subscribe(a);
    for (const auto* payload : {"1", "2", "3"}) world.publish("news", payload);
    world.context.cable.broadcast_raw("news", "4");
    world.shard.drain();
    (void)peer.who->transmit_text(R"({"unicast":5})");
    world.publish("news", "6");
    peer.perform(a, "transmit:seven");
    peer.unsubscribe(a);
    peer.who->close("done", false);
    world.turn();
}

const strings whole_life{"welcome",       "confirm a", "a: 1", "a: 2", "a: 3", "a: 4", R"({"unicast":5})", "a: 6", "a: \"seven\"",
                         "disconnect done final", "close 1000"};

} // namespace

TEST_CASE("whichever send fails, the session ends, every hook runs once and nothing stays", "[session][fault]")
{
    std::size_t sends = 0;
    {
        session_world world;
        auto& peer = world.accept();
        live(world, peer);
        CHECK(peer.said() == whole_life);
        sends = peer.socket.sends;
    }
    REQUIRE(sends >= 8);
    for (std::size_t k = 1; k <= sends; ++k) {
        INFO("send " << k);
        session_world world;
        auto& peer = world.accept();
        peer.socket.fail_at = k;
        live(world, peer);
        CHECK(peer.socket.is_aborted);
        CHECK(peer.socket.sends == k);
        CHECK(peer.who->phase() == session_phase::closing);
        const auto said = peer.said();
        CHECK(said.size() < whole_life.size());
        CHECK(std::equal(said.begin(), said.end(), whole_life.begin()));
        REQUIRE(peer.finish());
        auto expected = strings{"connect", "disconnect"};
        if (world.trace.size() > 2) expected = strings(all_hooks.begin(), all_hooks.end());
        CHECK(world.trace == expected);
        peer.destroy();
        CHECK(world.is_hub_empty());
        CHECK(world.load.pending_bytes == 0);
        CHECK(world.metric("sessions") == 0);
        CHECK(world.metric("subscriptions") == 0);
    }
}

TEST_CASE("whichever send takes a part or nothing, all bytes arrive in order once the socket takes more", "[session][fault]")
{
    const std::size_t taken = GENERATE(0u, 1u, 7u, 30u);
    const bool is_late = GENERATE(false, true);
    for (std::size_t k = 1; k <= 12; ++k) {
        INFO("send " << k << " takes " << taken << (is_late ? ", writable at the end" : ""));
        session_world world;
        auto& peer = world.accept();
        peer.socket.narrow_at = k;
        peer.socket.narrow_size = taken;
        peer.who->open();
        world.turn();
        const auto a = script("a", "stream:news");
        const auto go_on = [&] {
            if (!is_late) peer.writable();
        };
        go_on();
        peer.subscribe(a);
        go_on();
        for (const auto* payload : {"1", "2", "3"}) {
            world.publish("news", payload);
            go_on();
        }
        world.context.cable.broadcast_raw("news", "4");
        world.shard.drain();
        (void)peer.who->transmit_text(R"({"unicast":5})");
        world.publish("news", "6");
        go_on();
        peer.perform(a, "transmit:seven");
        peer.unsubscribe(a);
        go_on();
        peer.who->close("done", false);
        world.turn();
        peer.writable();
        CHECK(peer.said() == whole_life);
        CHECK(peer.unfinished() == 0);
        CHECK_FALSE(peer.socket.is_double_wait);
        CHECK(world.load.pending_bytes == 0);
        peer.who->on_peer_close(close_code::normal, {});
        REQUIRE(peer.finish());
        CHECK(world.trace == strings(all_hooks.begin(), all_hooks.end()));
        peer.destroy();
        CHECK(world.is_hub_empty());
    }
}
