// SPDX-License-Identifier: MIT
#include "hub/stream_registry.hpp"

#include "model_random.hpp"
#include "test_node.hpp"

#include "support/catch.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

namespace {

using namespace coax;

// Only compared, never called.
const codec* protocol(std::uintptr_t number) { return reinterpret_cast<const codec*>(number * 64); }

using key = std::tuple<std::string, std::uintptr_t, bool>;

listener_key as_listener_key(const key& one)
{
    return {std::get<0>(one), protocol(std::get<1>(one)), std::get<2>(one)};
}

/// Whether groups and index are exactly what `expected` says; true for every stream state, so it is called often.
bool agrees(const stream_log& stream, const std::map<key, std::set<const stream_member*>>& expected)
{
    if (stream.groups.size() != expected.size()) return false;
    std::size_t members = 0;
    for (std::size_t i = 0; i < stream.groups.size(); ++i) {
        const auto& group = *stream.groups[i];
        if (group.position != i) return false;
        const auto found = std::find_if(expected.begin(), expected.end(), [&](const auto& entry) {
            const auto wanted = as_listener_key(entry.first);
            return wanted.quoted_identifier == group.quoted_identifier && wanted.protocol == group.protocol && wanted.deflate == group.deflate;
        });
        if (found == expected.end()) return false;
        if (found->second != std::set<const stream_member*>(group.members.begin(), group.members.end())) return false;
        for (std::size_t at = 0; at < group.members.size(); ++at)
            if (group.members[at]->index != at || group.members[at]->group != &group) return false;
        members += group.members.size();
    }
    if (stream.member_count != members) return false;
    if (stream.groups.size() < 16) return stream.group_index.empty();
    std::size_t indexed = 0;
    for (const auto& [text, groups] : stream.group_index) {
        for (const auto* group : groups) {
            if (group->quoted_identifier != text) return false;
            if (stream.groups[group->position].get() != group) return false;
            ++indexed;
        }
    }
    return indexed == stream.groups.size();
}

} // namespace

TEST_CASE("groups and their index follow a reference through random inserts and removes, around and above 16 groups", "[registry]")
{
    const auto seed = GENERATE(1u, 2u, 3u, 4u);
    model::model_random random(seed);
    stream_registry registry;
    stream_log log;
    log.name = shared_payload("news");
    std::vector<std::pair<key, std::unique_ptr<stream_member>>> members;
    std::map<key, std::set<const stream_member*>> expected;
    std::size_t most = 0, fewest_after = 1'000, crossings = 0;
    std::size_t aim = 40;
    for (int step = 0; step < 6'000; ++step) {
        if (step % 150 == 0) aim = random.below(3) == 0 ? random.below(6) : 10 + random.below(60);
        const auto before = log.groups.size();
        if (members.size() < aim || members.empty() || random.chance(45)) {
            const key one{quote_json(std::to_string(random.below(12))), 1 + random.below(2), random.chance(50)};
            auto made = std::make_unique<stream_member>();
            made->stream = &log;
            registry.insert(*made, as_listener_key(one));
            expected[one].insert(made.get());
            members.emplace_back(one, std::move(made));
        } else {
            const auto which = random.below(members.size());
            std::swap(members[which], members.back());
            auto& [one, member] = members.back();
            registry.remove(*member);
            expected[one].erase(member.get());
            if (expected[one].empty()) expected.erase(one);
            members.pop_back();
        }
        REQUIRE(agrees(log, expected));
        REQUIRE(registry.member_count() == members.size());
        if ((before < 16) != (log.groups.size() < 16)) ++crossings;
        most = std::max(most, log.groups.size());
        if (most > 16) fewest_after = std::min(fewest_after, log.groups.size());
    }
    CHECK(most > 20);
    CHECK(fewest_after < 16);
    CHECK(crossings > 10);
    for (const auto& [one, member] : members) registry.remove(*member);
    CHECK(log.is_unused());
}

TEST_CASE("a stream is found by name only while it is there", "[registry]")
{
    test::test_node node;
    stream_registry registry;
    CHECK(registry.find("news") == nullptr);
    auto name = std::make_unique<std::string>("news");
    auto& made = registry.find_or_add(*name, node.shard());
    name.reset(); // the registry keeps its own copy
    CHECK(registry.find("news") == &made);
    CHECK(&registry.find_or_add("news", node.shard()) == &made);
    CHECK(registry.stream_count() == 1);
    CHECK(registry.find("new") == nullptr);
    registry.erase(made);
    CHECK(registry.find("news") == nullptr);
    CHECK(registry.stream_count() == 0);
}

TEST_CASE("members leave the waiting list in any order", "[registry]")
{
    stream_registry registry;
    stream_log log;
    std::vector<std::unique_ptr<stream_member>> members;
    for (int i = 0; i < 4; ++i) {
        members.push_back(std::make_unique<stream_member>());
        members.back()->stream = &log;
        registry.insert_waiting(*members.back());
    }
    for (const auto which : {1u, 0u, 3u}) {
        registry.remove(*members[which]);
        for (std::size_t at = 0; at < log.waiting.size(); ++at) REQUIRE(log.waiting[at]->index == at);
    }
    REQUIRE(log.waiting.size() == 1);
    CHECK(log.waiting.front() == members[2].get());
    CHECK_FALSE(log.is_unused());
    registry.remove(*members[2]);
    CHECK(log.is_unused());
    CHECK(registry.member_count() == 0);
}
