// SPDX-License-Identifier: MIT
#include "order_oracle.hpp"

#include <algorithm>

namespace coax::model {

namespace {

// The bounds of performance.md 10, at which a stream is sent within the turn.
constexpr std::size_t frames_bound = 64;
constexpr std::size_t bytes_bound = 64 * 1024;

void require(bool holds, const char* rule)
{
    if (!holds) throw model_failure(rule);
}

// The number that follows `key`.
std::uint64_t number_after(std::string_view text, std::string_view key)
{
    const auto at = text.find(key);
    require(at != text.npos, "a frame that nobody published");
    std::uint64_t number = 0;
    for (const char c : text.substr(at + key.size())) {
        if (c < '0' || c > '9') break;
        number = number * 10 + static_cast<std::uint64_t>(c - '0');
    }
    return number;
}

} // namespace

order_oracle::member_id order_oracle::join(unsigned shard, session_id who, unsigned identifier, unsigned stream, bool held)
{
    const auto id = ++last_;
    members_.emplace(id, member{shard, who, identifier, stream, held, carried_[stream].is_active, false, phase::waiting, {}, {}});
    logs_[shard][stream].members.push_back(id);
    return id;
}

void order_oracle::join_returned(member_id which)
{
    // A failed join may have been told inside of the call only if nothing was to wait for; it then is not here any more.
    const auto found = members_.find(which);
    if (found == members_.end()) return;
    require(found->second.is_told == found->second.was_carried, "a join is answered at once exactly if the stream is carried");
}

void order_oracle::release(member_id which)
{
    auto& one = members_.at(which);
    auto& who = sessions_[one.who];
    one.is_held = false;
    for (auto& message : one.on_log) message.after = who.pushed;
    for (auto& message : one.collected) who.messages[{one.identifier, one.stream}].push_back({message.number, who.pushed});
    one.collected.clear();
}

void order_oracle::leave(member_id which)
{
    const auto& one = members_.at(which);
    auto& stream = logs_[one.shard][one.stream];
    std::erase(stream.members, which);
    if (stream.members.empty()) stream = {};
    std::erase(untold_, which);
    members_.erase(which);
}

void order_oracle::unicast(session_id who, std::string text)
{
    for (auto& [id, one] : members_)
        if (one.who == who) commit(one);
    auto& to = sessions_[who];
    to.unicasts.push_back(std::move(text));
    ++to.pushed;
}

void order_oracle::post(unsigned shard, std::uint64_t call)
{
    queues_[shard].notes.push_back({note::kind::call, 0, call, {}, true});
}

void order_oracle::drain_begins(unsigned shard)
{
    queues_[shard].in_this_drain = queues_[shard].notes.size();
}

void order_oracle::drain_ended(unsigned shard)
{
    while (queues_[shard].in_this_drain > 0) {
        require(queues_[shard].notes.front().what != note::kind::call, "a posted call was not made");
        take(shard);
        require(untold_.empty(), "someone who waited was not told");
    }
    require(untold_.empty(), "someone who waited was not told");
}

void order_oracle::flushed(unsigned shard)
{
    for (auto& stream : logs_[shard]) commit(stream);
}

void order_oracle::told(member_id which, bool ok)
{
    require(members_.contains(which), "a member that has left was told");
    auto& one = members_.at(which);
    require(!one.is_told, "a member was told twice");
    one.is_told = true;
    if (one.now == phase::waiting) {
        require(ok && one.was_carried, "a member was told before the acknowledgement");
        one.now = phase::live;
        return;
    }
    while (std::find(untold_.begin(), untold_.end(), which) == untold_.end()) {
        require(untold_.empty(), "someone who waited was not told");
        require(queues_[one.shard].in_this_drain > 0, "a member was told out of turn");
        require(queues_[one.shard].notes.front().what != note::kind::call, "a posted call was not made");
        take(one.shard);
    }
    std::erase(untold_, which);
    require(ok == (one.now == phase::live), "a member was told something else than the adapter said");
}

void order_oracle::called(unsigned shard, std::uint64_t call)
{
    for (;;) {
        require(untold_.empty(), "someone who waited was not told");
        require(queues_[shard].in_this_drain > 0, "a call was made that nobody posted");
        const bool is_call = queues_[shard].notes.front().what == note::kind::call;
        if (is_call) require(queues_[shard].notes.front().number == call, "posted calls were made in another order");
        take(shard);
        if (is_call) return;
    }
}

void order_oracle::take(unsigned shard)
{
    const auto next = std::move(queues_[shard].notes.front());
    queues_[shard].notes.pop_front();
    --queues_[shard].in_this_drain;
    if (next.what == note::kind::message) {
        auto& stream = logs_[shard][next.stream];
        bool is_wanted = false;
        for (const auto id : stream.members) {
            auto& one = members_.at(id);
            if (one.now != phase::live) continue;
            is_wanted = true;
            one.on_log.push_back({next.number, sessions_[one.who].pushed});
        }
        if (!is_wanted) return;
        stream.frames += 1;
        stream.bytes += payload_text(next.stream, next.number).size();
        if (stream.frames >= frames_bound || stream.bytes >= bytes_bound) commit(stream);
    } else if (next.what == note::kind::acknowledgement) {
        for (const auto id : next.members) {
            const auto found = members_.find(id);
            if (found == members_.end()) continue;
            found->second.now = next.ok ? phase::live : phase::failed;
            untold_.push_back(id);
        }
    }
}

void order_oracle::commit(member& which)
{
    if (which.is_held) {
        which.collected.insert(which.collected.end(), which.on_log.begin(), which.on_log.end());
    } else if (!which.on_log.empty()) {
        auto& to = sessions_[which.who].messages[{which.identifier, which.stream}];
        to.insert(to.end(), which.on_log.begin(), which.on_log.end());
    }
    which.on_log.clear();
}

void order_oracle::commit(log& stream)
{
    for (const auto id : stream.members) commit(members_.at(id));
    stream.frames = 0;
    stream.bytes = 0;
}

void order_oracle::subscribe_called(unsigned stream)
{
    auto& state = carried_[stream];
    require(!state.is_call_outstanding, "two calls for one stream are under way");
    require(!state.is_active, "a stream that is carried was subscribed again");
    require(is_anyone_waiting(stream), "a stream was subscribed that nobody waits for");
    state.is_call_outstanding = true;
}

void order_oracle::unsubscribe_called(unsigned stream)
{
    auto& state = carried_[stream];
    require(!state.is_call_outstanding, "two calls for one stream are under way");
    require(state.is_active, "a stream that is not carried was unsubscribed");
    for (const auto& shard : logs_) require(shard[stream].members.empty(), "a stream was unsubscribed that somebody wants");
    state = {false, true};
}

void order_oracle::subscribe_completed(unsigned stream, bool ok)
{
    carried_[stream] = {ok, false};
    for (std::size_t shard = 0; shard < queues_.size(); ++shard) {
        note made{note::kind::acknowledgement, stream, 0, {}, ok};
        for (const auto id : logs_[shard][stream].members) {
            auto& one = members_.at(id);
            if (one.now != phase::waiting) continue;
            one.now = phase::acknowledged;
            made.members.push_back(id);
        }
        if (!made.members.empty()) queues_[shard].notes.push_back(std::move(made));
    }
}

void order_oracle::unsubscribe_completed(unsigned stream)
{
    carried_[stream].is_call_outstanding = false;
}

void order_oracle::delivered(unsigned stream, std::uint64_t number)
{
    for (std::size_t shard = 0; shard < queues_.size(); ++shard)
        if (!logs_[shard][stream].members.empty()) queues_[shard].notes.push_back({note::kind::message, stream, number, {}, true});
}

void order_oracle::received(session_id who, std::string_view text)
{
    auto& to = sessions_[who];
    if (text.find(R"("message":)") == text.npos) {
        require(!to.unicasts.empty(), "a unicast came that was not sent");
        require(to.unicasts.front() == text, "unicasts came in another order");
        to.unicasts.pop_front();
        ++to.received;
        return;
    }
    const auto identifier = static_cast<unsigned>(number_after(text, R"(\"id\":)"));
    const auto stream = static_cast<unsigned>(number_after(text, R"("s":)"));
    const auto number = number_after(text, R"("n":)");
    auto& due_now = to.messages[{identifier, stream}];
    // Within a drain a long log is sent at its bounds, before the hub says anything else to go by.
    auto& rest = queues_[to.shard];
    while (due_now.empty() && rest.in_this_drain > 0 && rest.notes.front().what == note::kind::message) take(to.shard);
    require(!due_now.empty(), "a message came that was not due");
    require(due_now.front().number == number, "a message is missing, doubled or out of order");
    require(text == data_text(identifier, stream, number), "a message came with other bytes");
    require(due_now.front().after == to.received, "a message came on the wrong side of a unicast");
    due_now.pop_front();
    ++received_messages_;
}

void order_oracle::check_all_received(session_id who) const
{
    const auto found = sessions_.find(who);
    if (found == sessions_.end()) return;
    require(found->second.unicasts.empty(), "a unicast was lost");
    for (const auto& [pair, messages] : found->second.messages) require(messages.empty(), "a message was lost");
}

bool order_oracle::is_anyone_waiting(unsigned stream) const
{
    return std::any_of(logs_.begin(), logs_.end(), [&](const auto& shard) {
        return std::any_of(shard[stream].members.begin(), shard[stream].members.end(),
                           [&](member_id id) { return members_.at(id).now == phase::waiting; });
    });
}

void order_oracle::check_nobody_waits() const
{
    for (const auto& [id, one] : members_) require(one.is_told, "a member waits for nothing");
}

std::size_t order_oracle::live_members(unsigned shard) const
{
    return static_cast<std::size_t>(std::count_if(members_.begin(), members_.end(), [&](const auto& entry) {
        return entry.second.shard == shard && entry.second.now == phase::live;
    }));
}

std::size_t order_oracle::wanted_streams() const
{
    std::size_t count = 0;
    for (std::size_t stream = 0; stream < carried_.size(); ++stream)
        count += std::any_of(logs_.begin(), logs_.end(), [&](const auto& shard) { return !shard[stream].members.empty(); });
    return count;
}

std::string payload_text(unsigned stream, std::uint64_t number)
{
    // Mostly small; some around the frame header's boundaries (126 bytes, 64 KiB) and the joining limit.
    const auto mixed = (number + 1) * 0x9e3779b97f4a7c15u >> 20;
    const auto kind = mixed % 1000;
    std::size_t pad = (mixed / 1000) % 90;
    if (kind >= 800) pad = (mixed / 1000) % 500;
    if (kind >= 980) pad = (mixed / 1000) % 6'000;
    if (kind == 999) pad = (mixed / 1000) % 70'000;
    return R"({"s":)" + std::to_string(stream) + R"(,"n":)" + std::to_string(number) + R"(,"p":")" + std::string(pad, 'x') + R"("})";
}

std::string identifier_text(unsigned identifier)
{
    return R"({"channel":"Room","id":)" + std::to_string(identifier) + "}";
}

std::string data_text(unsigned identifier, unsigned stream, std::uint64_t number)
{
    return R"({"identifier":"{\"channel\":\"Room\",\"id\":)" + std::to_string(identifier) + R"(}","message":)" +
           payload_text(stream, number) + "}";
}

std::string confirmation_text(unsigned identifier)
{
    return R"({"identifier":"{\"channel\":\"Room\",\"id\":)" + std::to_string(identifier) + R"(}","type":"confirm_subscription"})";
}

} // namespace coax::model
