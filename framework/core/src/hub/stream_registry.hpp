// SPDX-License-Identifier: MIT
#pragma once

#include "hub/subscriber.hpp"

#include <coax/result.hpp>
#include <coax/shared_payload.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace coax {

class codec;
class hub_shard;
struct stream_log;
struct listener_group;

/// By what listeners get the very same bytes.
struct listener_key {
    std::string_view quoted_identifier; ///< JSON text
    const codec* protocol = nullptr;
    bool deflate = false;
};

/// One (session, identifier) on one stream. Waiting until the adapter has acknowledged, live afterwards.
///
/// Its cursor is an absolute position in the stream's log: what lies before it was sent, or was there before the member came.
/// A *held* member (its subscription is not confirmed yet) collects its frames until `hub_shard::release`.
struct stream_member {
    stream_log* stream = nullptr;
    listener_group* group = nullptr; ///< null while waiting
    subscriber* who = nullptr;
    std::uint64_t cursor = 0;
    std::uint32_t index = 0; ///< in the group's or the waiting list
    bool is_held = false;
    struct collected;
    std::unique_ptr<collected> held;
    struct pending_join;
    std::unique_ptr<pending_join> pending; ///< while waiting

    std::string_view stream_name() const noexcept;
    bool is_live() const noexcept { return group != nullptr; }
};

/// What a held member has collected.
struct stream_member::collected {
    std::vector<shared_frame> frames;
    std::size_t bytes = 0;
};

/// What a waiting member needs once, so that a live one does not carry it.
struct stream_member::pending_join {
    std::string quoted_identifier;
    const codec* protocol;
    bool deflate;
    std::function<void(error_code)> ready;
    std::uint32_t awaited; ///< number of the subscribe call whose answer it waits for
};

/// Dropping the handle leaves the stream: nothing more is sent for it, not even what waits for the end of the turn.
struct stream_leaver {
    void operator()(stream_member* member) const noexcept;
};
using stream_handle = std::unique_ptr<stream_member, stream_leaver>;

/// The members of one stream that get the same bytes.
struct listener_group {
    std::string quoted_identifier;
    const codec* protocol = nullptr;
    bool deflate = false;
    std::size_t position = 0; ///< in stream_log::groups
    std::vector<stream_member*> members;
    std::vector<shared_frame> frames; ///< encoded so far, from the log's base on; emptied by the flush
};

/// One stream on one shard: its listeners, and the payloads of this turn.
struct stream_log {
    hub_shard* shard = nullptr;
    shared_payload name;
    std::vector<std::unique_ptr<listener_group>> groups;
    std::unordered_map<std::string_view, std::vector<listener_group*>> group_index; ///< only with many groups
    std::vector<stream_member*> waiting;
    std::size_t member_count = 0;
    std::uint64_t base = 0; ///< position of pending.front()
    std::vector<shared_payload> pending;
    std::size_t pending_bytes = 0;
    bool is_dirty = false;

    std::uint64_t end() const noexcept { return base + pending.size(); }
    bool is_unused() const noexcept { return member_count == 0 && waiting.empty(); }
};

/// Streams of one shard by name, and the membership lists. Only data: the order of things is hub_shard's. Thread rule: shard-affine.
class stream_registry {
public:
    stream_log* find(std::string_view name) noexcept;
    stream_log& find_or_add(std::string_view name, hub_shard& shard);
    void erase(stream_log& stream);
    std::size_t stream_count() const noexcept { return streams_.size(); }
    std::size_t member_count() const noexcept { return members_; }

    /// Makes `member` live at the end of the log.
    void insert(stream_member& member, const listener_key& key);
    void insert_waiting(stream_member& member);
    /// Takes `member` out of whatever list it is in.
    void remove(stream_member& member) noexcept;

private:
    listener_group& group_for(stream_log& stream, const listener_key& key);
    void remove_group(stream_log& stream, listener_group& group) noexcept;

    std::unordered_map<std::string_view, std::unique_ptr<stream_log>> streams_; // keys look into stream_log::name
    std::size_t members_ = 0;
};

} // namespace coax
