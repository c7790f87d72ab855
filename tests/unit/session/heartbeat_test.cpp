// SPDX-License-Identifier: MIT
#include "session_world.hpp"

#include "protocol/codec.hpp"

#include "support/catch.hpp"

#include <algorithm>

using namespace coax;
using namespace coax::test;
using namespace std::chrono_literals;

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

TEST_CASE("sessions leave the wheel in any order, and the rest of their slot stays", "[session][heartbeat]")
{
    session_world world;
    heartbeat beats(3s, json_codec());
    client* peers[] = {&world.connect(), &world.connect(), &world.connect()};
    for (auto* peer : peers) {
        peer->said();
        beats.add(*peer->who, 0);
    }
    beats.remove(*peers[0]->who);
    beats.remove(*peers[2]->who);
    beats.tick(world.now, 1000);
    world.turn();
    CHECK(peers[0]->said().empty());
    CHECK(peers[1]->said() == strings{"ping 1000"});
    CHECK(peers[2]->said().empty());
    beats.remove(*peers[1]->who);
    CHECK(beats.is_empty());
}

TEST_CASE("an interval of zero switches pings off", "[session][heartbeat]")
{
    CHECK_FALSE(heartbeat(0ms, json_codec()).is_on());
}
