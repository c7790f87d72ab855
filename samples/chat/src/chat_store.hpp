// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace chat {

/// One thing that was said.
struct line {
    std::uint64_t id; ///< larger than that of every earlier line of the process
    std::string name;
    std::string text;
    std::int64_t at;  ///< milliseconds since 1970, UTC
};

/// Somebody's first tab came or last tab went. Of two changes the one with the larger version is the newer, in whatever order
/// they reach a client.
struct presence_change {
    std::uint64_t version;
    std::size_t count; ///< people in the room now
};

/// What a newcomer is shown.
struct room_snapshot {
    std::uint64_t version;
    std::size_t count;
    std::vector<std::string> names; ///< sorted; the first `listed_names` of them
    std::vector<std::shared_ptr<const line>> lines; ///< oldest first
};

/// Bounds of a store, so that no client can make it grow for ever.
struct store_limits {
    std::size_t rooms = 256;
    std::size_t lines_per_room = 50;
    std::size_t listed_names = 200;
};

/// What the rooms of this process remember: their last lines and who is in them.
///
/// Owned by `main`, outlives the server; channels of all shards hold a reference.
/// Thread rule: any thread. One lock, held for map operations only; nothing is sent or awaited under it.
class chat_store {
public:
    struct join_result {
        room_snapshot snapshot;
        std::optional<presence_change> change; ///< empty: this name was here already, in another tab
    };

    explicit chat_store(store_limits limits = {}) : limits_(limits) {}

    /// Counts one more tab of `name`. Nothing: all rooms are taken and every one has people in it.
    /// A new room takes the place of the one that has been empty for longest.
    std::optional<join_result> join(const std::string& room, const std::string& name);

    /// Takes back one `join`. The change, if it was the last tab of `name`.
    std::optional<presence_change> leave(const std::string& room, const std::string& name);

    /// Remembers a line and gives it its id. The room must be joined by the caller.
    std::shared_ptr<const line> add_line(const std::string& room, std::string name, std::string text);

private:
    struct room_state {
        std::map<std::string, std::size_t, std::less<>> tabs; ///< by name; never zero
        std::deque<std::shared_ptr<const line>> lines;
        std::uint64_t emptied = 0; ///< when the last one left; orders empty rooms by age
    };

    bool make_place();

    const store_limits limits_;
    std::mutex rooms_mutex_;
    std::map<std::string, room_state, std::less<>> rooms_;
    std::uint64_t last_number_ = 0; ///< of ids and versions, all rooms, so that a room made anew does not start again at 1
};

} // namespace chat
