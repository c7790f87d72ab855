// SPDX-License-Identifier: MIT
#include "chat_store.hpp"
#include "names.hpp"

#include "support/catch.hpp"

#include <algorithm>
#include <cstdint>
#include <set>
#include <string>
#include <thread>
#include <vector>

using namespace chat;

TEST_CASE("a room name is 1 to 32 of a-z, 0-9, - and _", "[chat]")
{
    for (const std::string& good : {std::string("lobby"), std::string("a"), std::string("7-of_9"), std::string(32, 'x')}) {
        INFO(good);
        CHECK(is_room_name(good));
    }
    for (const std::string& bad : {std::string(), std::string(" "), std::string("Lobby"), std::string("a b"), std::string("a:b"), std::string("a\0b", 3),
                                  std::string("caf\xC3\xA9"), std::string("../x"), std::string(33, 'x')}) {
        INFO(bad);
        CHECK_FALSE(is_room_name(bad));
    }
}

TEST_CASE("a display name is up to 24 visible characters of UTF-8", "[chat]")
{
    std::string longest;
    for (int i = 0; i < 24; ++i) longest += "\xF0\x9F\x8E\x89"; // four bytes each
    for (const std::string& good : {std::string("Ann"), std::string("Zo\xC3\xAB B."), std::string("\xE6\xBC\xA2"), std::string("<b>&"), longest}) {
        INFO(good);
        CHECK(is_display_name(good));
    }
    for (const std::string& bad : {
             std::string(), std::string(" Ann"), std::string("Ann\n"), longest + "x",
             std::string("a\x07" "b"), std::string("a\0b", 3), std::string("a\x7F"), std::string("a\xC2\x85"), // controls
             std::string("a\xC2\xA0" "b"), std::string("a\xE2\x80\x8B" "b"), std::string("a\xE2\x80\xAE" "b"), std::string("\xEF\xBB\xBF" "a"), // unseen
             std::string("a\xFF"), std::string("a\xC3"), std::string("\x80"), std::string("\xC0\xAF"), std::string("\xE0\x80\xAF"), // not UTF-8
             std::string("\xED\xA0\x80"), std::string("\xF4\x90\x80\x80"), std::string("\xF0\x80\x80\xAF"), std::string("\xE2\x82"), std::string("\xE2\x28\xA1"),
         }) {
        INFO(bad);
        CHECK_FALSE(is_display_name(bad));
    }
}

TEST_CASE("percent sequences are decoded, and what is none stays", "[chat]")
{
    CHECK(percent_decoded("a%20b%C3%AB") == "a b\xC3\xAB");
    CHECK(percent_decoded("%41") == "A");
    for (const std::string same : {"", "%", "%4", "100%", "%zz", "%-1", "%+1", "%0x"}) CHECK(percent_decoded(same) == same);
}

TEST_CASE("a guest's name is one that may be shown, and not always the same", "[chat]")
{
    std::set<std::string> seen;
    for (int i = 0; i < 50; ++i) {
        const std::string name = make_guest_name();
        CHECK(name.size() == 10);
        CHECK(name.starts_with("guest-"));
        CHECK(is_display_name(name));
        seen.insert(name);
    }
    CHECK(seen.size() > 40);
}

TEST_CASE("a person is announced with the first tab and leaves with the last", "[chat]")
{
    chat_store store;
    const auto first = store.join("lobby", "ann");
    REQUIRE(first);
    REQUIRE(first->change);
    CHECK(first->change->count == 1);
    CHECK(first->change->version == first->snapshot.version); // the newcomer's own snapshot has it already
    CHECK(first->snapshot.names == std::vector<std::string>{"ann"});

    CHECK_FALSE(store.join("lobby", "ann")->change);
    const auto bob = store.join("lobby", "bob");
    CHECK(bob->snapshot.names == std::vector<std::string>{"ann", "bob"});
    CHECK(bob->change->version > first->change->version);

    CHECK_FALSE(store.leave("lobby", "ann"));
    const auto last = store.leave("lobby", "ann");
    REQUIRE(last);
    CHECK(last->count == 1);
    CHECK(last->version > bob->change->version);
    CHECK_FALSE(store.leave("lobby", "ann"));
    CHECK_FALSE(store.leave("nowhere", "ann"));
}

TEST_CASE("a room keeps its last lines, oldest first, also while nobody is there", "[chat]")
{
    chat_store store({.rooms = 4, .lines_per_room = 3, .listed_names = 2});
    store.join("lobby", "ann");
    for (int i = 0; i < 5; ++i) store.add_line("lobby", "ann", std::to_string(i));
    store.leave("lobby", "ann");

    const auto again = store.join("lobby", "bob");
    std::vector<std::string> texts;
    for (const auto& said : again->snapshot.lines) texts.push_back(said->text);
    CHECK(texts == std::vector<std::string>{"2", "3", "4"});
    CHECK(again->snapshot.lines[0]->id < again->snapshot.lines[1]->id);
    CHECK(store.join("coffee", "bob")->snapshot.lines.empty());
}

TEST_CASE("a snapshot lists a bounded number of names and says how many there are", "[chat]")
{
    chat_store store({.rooms = 4, .lines_per_room = 3, .listed_names = 2});
    store.join("lobby", "ann");
    store.join("lobby", "bob");
    const auto third = store.join("lobby", "cleo");
    CHECK(third->snapshot.names.size() == 2);
    CHECK(third->snapshot.count == 3);
}

TEST_CASE("a new room takes the place of the longest empty one, and none that has people", "[chat]")
{
    chat_store store({.rooms = 2, .lines_per_room = 3, .listed_names = 2});
    for (const std::string room : {"old", "older"}) {
        store.join(room, "ann");
        store.add_line(room, "ann", "said in " + room);
    }
    store.leave("older", "ann");
    store.leave("old", "ann");

    REQUIRE(store.join("new", "bob")); // in place of "older"
    REQUIRE(store.join("old", "bob"));
    CHECK(store.join("old", "bob")->snapshot.lines.size() == 1);
    CHECK_FALSE(store.join("one too many", "bob"));
    store.leave("new", "bob"); // nothing was said there: forgotten at once
    CHECK(store.join("older", "bob")->snapshot.lines.empty());
}

TEST_CASE("numbers are never given twice under several threads, and tabs are counted exactly", "[chat]")
{
    chat_store store;
    store.join("lobby", "observer");
    std::vector<std::thread> threads;
    std::vector<std::vector<std::uint64_t>> ids(4);
    for (std::size_t t = 0; t < ids.size(); ++t)
        threads.emplace_back([&store, &own = ids[t]] {
            for (int i = 0; i < 500; ++i) {
                store.join("lobby", "ann");
                own.push_back(store.add_line("lobby", "ann", "x")->id);
                store.leave("lobby", "ann");
            }
        });
    for (auto& thread : threads) thread.join();

    std::set<std::uint64_t> all;
    for (const auto& own : ids) {
        CHECK(std::is_sorted(own.begin(), own.end()));
        all.insert(own.begin(), own.end());
    }
    CHECK(all.size() == 2'000);
    const auto end = store.join("lobby", "late");
    CHECK(end->snapshot.names == std::vector<std::string>{"late", "observer"});
}
