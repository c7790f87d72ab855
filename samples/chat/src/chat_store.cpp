// SPDX-License-Identifier: MIT
#include "chat_store.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace chat {

namespace {

std::int64_t milliseconds_now()
{
    using namespace std::chrono;
    return duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
}

} // namespace

std::optional<chat_store::join_result> chat_store::join(const std::string& room, const std::string& name)
{
    std::lock_guard lock(rooms_mutex_);
    if (!rooms_.contains(room) && !make_place()) return std::nullopt;
    room_state& state = rooms_[room];

    join_result result;
    if (++state.tabs[name] == 1) result.change = presence_change{++last_number_, state.tabs.size()};

    room_snapshot& snapshot = result.snapshot;
    snapshot.version = last_number_;
    snapshot.count = state.tabs.size();
    for (const auto& [present, tabs] : state.tabs) {
        if (snapshot.names.size() == limits_.listed_names) break;
        snapshot.names.push_back(present);
    }
    snapshot.lines.assign(state.lines.begin(), state.lines.end());
    return result;
}

std::optional<presence_change> chat_store::leave(const std::string& room, const std::string& name)
{
    std::lock_guard lock(rooms_mutex_);
    const auto found = rooms_.find(room);
    if (found == rooms_.end()) return std::nullopt;
    room_state& state = found->second;
    const auto entry = state.tabs.find(name);
    if (entry == state.tabs.end() || --entry->second > 0) return std::nullopt;

    state.tabs.erase(entry);
    const presence_change change{++last_number_, state.tabs.size()};
    if (state.tabs.empty()) {
        state.emptied = change.version;
        if (state.lines.empty()) rooms_.erase(found); // nothing to remember
    }
    return change;
}

std::shared_ptr<const line> chat_store::add_line(const std::string& room, std::string name, std::string text)
{
    std::lock_guard lock(rooms_mutex_);
    auto added = std::make_shared<const line>(line{++last_number_, std::move(name), std::move(text), milliseconds_now()});
    if (const auto found = rooms_.find(room); found != rooms_.end()) {
        auto& lines = found->second.lines;
        lines.push_back(added);
        if (lines.size() > limits_.lines_per_room) lines.pop_front();
    }
    return added;
}

bool chat_store::make_place()
{
    if (rooms_.size() < limits_.rooms) return true;
    auto oldest = rooms_.end();
    for (auto it = rooms_.begin(); it != rooms_.end(); ++it) {
        if (!it->second.tabs.empty()) continue;
        if (oldest == rooms_.end() || it->second.emptied < oldest->second.emptied) oldest = it;
    }
    if (oldest == rooms_.end()) return false;
    rooms_.erase(oldest);
    return true;
}

} // namespace chat
