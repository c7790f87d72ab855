// SPDX-License-Identifier: MIT
#include "chat_channel.hpp"

#include "names.hpp"

#include <boost/json/array.hpp>

#include <optional>
#include <string_view>
#include <utility>

namespace chat {

namespace json = boost::json;

namespace {

constexpr std::size_t max_text_size = 2'000;
constexpr std::chrono::seconds typing_interval{1};

std::string_view text_of(const json::object& data, std::string_view key) noexcept
{
    const json::value* const value = data.if_contains(key);
    const json::string* const text = value ? value->if_string() : nullptr;
    return text ? std::string_view(*text) : std::string_view();
}

json::object to_json(const line& said)
{
    return {{"type", "line"}, {"id", said.id}, {"name", said.name}, {"text", said.text}, {"at", said.at}};
}

json::object to_json(const presence_change& change, const std::string& name, bool here)
{
    return {{"type", "presence"}, {"name", name}, {"here", here}, {"count", change.count}, {"version", change.version}};
}

json::object to_json(const room_snapshot& snapshot, const std::string& room, const std::string& you)
{
    json::array names(snapshot.names.begin(), snapshot.names.end());
    json::array lines;
    lines.reserve(snapshot.lines.size());
    for (const auto& said : snapshot.lines) lines.emplace_back(to_json(*said));
    return {{"type", "snapshot"}, {"room", room}, {"you", you}, {"names", std::move(names)},
            {"count", snapshot.count}, {"version", snapshot.version}, {"lines", std::move(lines)}};
}

} // namespace

coax::task<> chat_channel::subscribed()
{
    const std::string_view room = text_of(params(), "room");
    if (!is_room_name(room)) {
        reject();
        co_return;
    }
    room_ = room;

    coax::broadcastable target(room_);
    co_await stream_for(std::move(target));

    // The snapshot is taken after the stream is acknowledged: a line said meanwhile comes twice, with the same id, rather than never.
    auto joined = store_.join(room_, connection().name());
    if (!joined) {
        log().warn("chat.rooms_full");
        reject();
        co_return;
    }
    joined_ = true;
    transmit(to_json(joined->snapshot, room_, connection().name()));
    if (joined->change) broadcast_to(room_, to_json(*joined->change, connection().name(), true));
}

coax::task<> chat_channel::unsubscribed()
{
    if (!std::exchange(joined_, false)) co_return;
    const auto change = store_.leave(room_, connection().name());
    if (change) broadcast_to(room_, to_json(*change, connection().name(), false));
}

coax::task<> chat_channel::speak(json::object data)
{
    const std::string_view text = trimmed(text_of(data, "text"));
    if (text.empty()) co_return;
    if (text.size() > max_text_size) {
        transmit(json::object{{"type", "refused"}, {"reason", "too_long"}, {"limit", max_text_size}});
        co_return;
    }
    typing_again_ = {}; // a line ends the notice before it; the next one is news again
    const auto said = store_.add_line(room_, connection().name(), std::string(text));
    broadcast_to(room_, to_json(*said));
}

coax::task<> chat_channel::typing()
{
    const auto now = std::chrono::steady_clock::now();
    if (now < typing_again_) co_return; // a notice says "now"; more of them say nothing more
    typing_again_ = now + typing_interval;
    broadcast_to(room_, json::object{{"type", "typing"}, {"name", connection().name()}});
}

void chat_channel::describe(coax::channel_spec<chat_channel>& spec)
{
    spec.name("ChatChannel").action("speak", &chat_channel::speak).action("typing", &chat_channel::typing);
}

} // namespace chat
