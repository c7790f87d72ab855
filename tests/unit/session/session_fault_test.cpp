// SPDX-License-Identifier: MIT
// A whole life of a session, with each send failing or falling short once.
#include "session_world.hpp"

#include "support/catch.hpp"

#include <algorithm>

using namespace coax;
using namespace coax::test;

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
        peer.is_destroyed_at_end = true;
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
        CHECK(world.sessions.size() == 0);
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
