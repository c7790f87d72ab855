// SPDX-License-Identifier: MIT
// Names, requests, registration: what applications' classes see besides the commands.
#include "session_world.hpp"

#include <coax/error.hpp>

#include "support/catch.hpp"

using namespace coax;
using namespace coax::test;
using Catch::Matchers::Contains;

TEST_CASE("the short name of a channel is derived as Action Cable does", "[channel]")
{
    const std::pair<const char*, const char*> names[] = {
        {"ChatChannel", "chat"},
        {"Chats::AppearancesChannel", "chats:appearances"},
        {"FooChats::BarAppearancesChannel", "foo_chats:bar_appearances"},
        {"Chat", "chat"},
        {"Channel", "channel"},
        {"HTMLParserChannel", "html_parser"},
        {"Room2LogChannel", "room2_log"},
        {"V8Channel", "v8"},
        {"ABC", "abc"},
        {"already_lower", "already_lower"},
    };
    for (const auto& [name, expected] : names) CHECK(derive_channel_name(name) == expected);
}

TEST_CASE("parts of a broadcastable are joined with a colon", "[channel]")
{
    CHECK(broadcastable("all").key == "all");
    CHECK(broadcastable(42).key == "42");
    CHECK(broadcastable{"room", 7, std::string("x")}.key == "room:7:x");
}

TEST_CASE("the registry refuses a channel without a name and a name that is taken, and says what to do", "[channel]")
{
    channel_registry registry;
    CHECK(registry.is_empty());
    channel_description nameless;
    CHECK_THROWS_WITH(registry.add(nameless), Contains("no name") && Contains("spec.name"));
    channel_description chat;
    chat.name = "ChatChannel";
    registry.add(chat);
    CHECK_THROWS_WITH(registry.add(chat), Contains("ChatChannel") && Contains("twice"));
    CHECK(registry.find("ChatChannel") != nullptr);
    CHECK(registry.find("chat") == nullptr);
}

TEST_CASE("P21: an action must have a name of its own, and not a hook's", "[channel]")
{
    channel_description chat;
    chat.name = "ChatChannel";
    chat.add_action("speak", {});
    CHECK_THROWS_WITH(chat.add_action("speak", {}), Contains("ChatChannel") && Contains("'speak' twice"));
    CHECK_THROWS_WITH(chat.add_action("", {}), Contains("without a name"));
    CHECK_THROWS_WITH(chat.add_action("subscribed", {}), Contains("hook 'subscribed'"));
    CHECK_THROWS_WITH(chat.add_action("unsubscribed", {}), Contains("hook 'unsubscribed'"));
    CHECK_THROWS_AS(chat.add_action("speak", {}), startup_error);
    CHECK(chat.actions.size() == 1);
}

TEST_CASE("R4: without any channel registered every subscription is rejected, and the log says what is missing", "[channel]")
{
    session_world world;
    world.channels = channel_registry();
    auto& peer = world.connect();
    peer.subscribe(script("a"));
    peer.subscribe("no json");
    CHECK(peer.said() == strings{"welcome", "reject a", "reject no json"});
    CHECK(world.log->has({"warn subscription.rejected", "no channel is registered", "remedy="}));
}

TEST_CASE("a connection finds query parameters, decoded, the last one if repeated", "[connection]")
{
    session_world world;
    auto start = plain_start();
    start.env.url = "/cable?user=Ann%20Lee&x=1&x=2&plus=a+b&empty=&flag&bad=%zz%4&a%3Db=c%26d#user=fragment";
    world.connect(std::move(start));
    const auto& who = *world.last_connection;
    CHECK(who.query("user") == "Ann Lee");
    CHECK(who.query("x") == "2");
    CHECK(who.query("plus") == "a b");
    CHECK(who.query("empty") == "");
    CHECK(who.query("flag") == "");
    CHECK(who.query("bad") == "%zz%4");
    CHECK(who.query("a=b") == "c&d");
    CHECK_FALSE(who.query("missing"));
    CHECK_FALSE(who.query("fragment"));
}

TEST_CASE("a request without a query has no parameters", "[connection]")
{
    session_world world;
    auto start = plain_start();
    start.env.url = "/cable#a?x=1";
    world.connect(std::move(start));
    CHECK_FALSE(world.last_connection->query("x"));
    CHECK_FALSE(world.last_connection->query(""));
}

TEST_CASE("a connection finds cookies as sent, the first one if repeated, over several headers", "[connection]")
{
    session_world world;
    world.context.keep_headers = {"cookie"};
    auto start = plain_start();
    start.env.headers = {{"cookie", "a=1; b=x=y;  c = spaced ;a=2"}, {"other", "d=no"}, {"cookie", "e=%20; b=later"}};
    world.connect(std::move(start));
    const auto& who = *world.last_connection;
    CHECK(who.cookie("a") == "1");
    CHECK(who.cookie("b") == "x=y");
    CHECK(who.cookie("c") == "spaced");
    CHECK(who.cookie("e") == "%20");
    CHECK_FALSE(who.cookie("d"));
}

TEST_CASE("identifiers are sorted and joined; empty ones do not count, and a later value replaces", "[connection]")
{
    session_world world;
    world.on_connect = "identify:user=Z1 identify:room=A2 identify:none= identify:user=M3";
    world.connect();
    const auto& who = *world.last_connection;
    CHECK(who.connection_identifier() == "A2:M3");
    CHECK(who.identifier("user") == "M3");
    CHECK(who.identifier("none") == "");
    CHECK_FALSE(who.identifier("missing"));
    CHECK(who.session_id() == "s1");
}

TEST_CASE("without a connection class everyone is let in, anonymously", "[connection]")
{
    session_world world;
    native_controller anonymous(world.channels, {}, world.metrics);
    session_context context{world.io.get_executor(), world.shard, world.context.cable, anonymous, world.context.limits, {},
                            world.context.log, session_metrics(world.metrics), world.deadlines, world.load, nullptr,
                            [&world] { return world.now; }, 1};
    auto& peer = world.accept({}, &context);
    peer.who->open();
    world.turn();
    peer.subscribe(script("a"));
    CHECK(peer.said() == strings{"welcome", "confirm a"});
    REQUIRE(peer.finish());
    peer.destroy();
    CHECK(world.trace == strings{"subscribed a", "unsubscribed a"});
}
