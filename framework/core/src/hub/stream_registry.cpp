// SPDX-License-Identifier: MIT
#include "hub/stream_registry.hpp"

#include <algorithm>
#include <utility>

namespace coax {

namespace {

// Below this many groups a linear search is cheaper than a map, and most streams have one.
constexpr std::size_t indexed_from = 16;

bool matches(const listener_group& group, const listener_key& key) noexcept
{
    return group.protocol == key.protocol && group.deflate == key.deflate && group.quoted_identifier == key.quoted_identifier;
}

void take_out(std::vector<stream_member*>& list, stream_member& member) noexcept
{
    auto* last = list.back();
    list[member.index] = last;
    last->index = member.index;
    list.pop_back();
}

} // namespace

std::string_view stream_member::stream_name() const noexcept
{
    return stream->name.view();
}

stream_log* stream_registry::find(std::string_view name) noexcept
{
    const auto found = streams_.find(name);
    return found == streams_.end() ? nullptr : found->second.get();
}

stream_log& stream_registry::find_or_add(std::string_view name, hub_shard& shard)
{
    if (auto* known = find(name)) return *known;
    auto made = std::make_unique<stream_log>();
    made->shard = &shard;
    made->name = shared_payload(name);
    auto& added = *made;
    streams_.emplace(added.name.view(), std::move(made));
    return added;
}

void stream_registry::erase(stream_log& stream)
{
    const auto name = stream.name; // the key looks into it
    streams_.erase(name.view());
}

listener_group& stream_registry::group_for(stream_log& stream, const listener_key& key)
{
    if (stream.groups.size() < indexed_from) {
        for (auto& group : stream.groups)
            if (matches(*group, key)) return *group;
    } else if (const auto found = stream.group_index.find(key.quoted_identifier); found != stream.group_index.end()) {
        for (auto* group : found->second)
            if (matches(*group, key)) return *group;
    }
    auto& added = *stream.groups.emplace_back(std::make_unique<listener_group>());
    added.quoted_identifier = key.quoted_identifier;
    added.protocol = key.protocol;
    added.deflate = key.deflate;
    added.position = stream.groups.size() - 1;
    if (stream.groups.size() == indexed_from) {
        for (auto& group : stream.groups) stream.group_index[group->quoted_identifier].push_back(group.get());
    } else if (stream.groups.size() > indexed_from) {
        stream.group_index[added.quoted_identifier].push_back(&added);
    }
    return added;
}

void stream_registry::remove_group(stream_log& stream, listener_group& group) noexcept
{
    if (const auto found = stream.group_index.find(group.quoted_identifier); found != stream.group_index.end()) {
        std::erase(found->second, &group);
        // The key may look into this very group: give the entry to a remaining one under its own text.
        auto rest = std::move(found->second);
        stream.group_index.erase(found);
        if (!rest.empty()) stream.group_index.emplace(rest.front()->quoted_identifier, std::move(rest));
    }
    const auto position = group.position;
    stream.groups.back()->position = position;
    std::swap(stream.groups[position], stream.groups.back());
    stream.groups.pop_back();
    if (stream.groups.size() < indexed_from) stream.group_index.clear();
}

void stream_registry::insert(stream_member& member, const listener_key& key)
{
    auto& stream = *member.stream;
    auto& group = group_for(stream, key);
    member.group = &group;
    member.index = static_cast<std::uint32_t>(group.members.size());
    member.cursor = stream.end();
    group.members.push_back(&member);
    ++stream.member_count;
    ++members_;
}

void stream_registry::insert_waiting(stream_member& member)
{
    member.index = static_cast<std::uint32_t>(member.stream->waiting.size());
    member.stream->waiting.push_back(&member);
}

void stream_registry::remove(stream_member& member) noexcept
{
    auto& stream = *member.stream;
    if (!member.group) {
        take_out(stream.waiting, member);
        return;
    }
    auto& group = *member.group;
    take_out(group.members, member);
    member.group = nullptr;
    --stream.member_count;
    --members_;
    if (group.members.empty()) remove_group(stream, group);
}

} // namespace coax
