// SPDX-License-Identifier: MIT
// The other end of a session: a fake socket, and what its bytes say.
#include "session_world.hpp"

#include "protocol/codec.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/json.hpp>

#include <algorithm>

namespace coax::test {

namespace json = boost::json;

namespace {

/// A socket that behaves as its wire says.
class fake_transport final : public transport {
public:
    explicit fake_transport(wire& to) : to_(to) {}

    std::size_t send(std::span<const std::string_view> pieces, error_code& error) noexcept override
    {
        ++to_.sends;
        if (to_.sends == to_.fail_at) {
            error = make_error_code(boost::system::errc::broken_pipe);
            return 0;
        }
        auto room = to_.awaits_writable ? 0 : to_.room;
        if (to_.sends == to_.narrow_at) room = std::min(room, to_.narrow_size);
        std::size_t sent = 0;
        for (const auto piece : pieces) {
            const auto part = piece.substr(0, room - sent);
            to_.bytes += part;
            sent += part.size();
        }
        if (to_.room != wire::unlimited) to_.room -= sent;
        return sent;
    }
    void wait_writable() override
    {
        to_.is_double_wait |= to_.awaits_writable;
        to_.awaits_writable = true;
    }
    void resume_reading() override { ++to_.resumed; }
    void shut_down_sending() noexcept override { to_.is_shut = true; }
    void abort() noexcept override { to_.is_aborted = true; }

private:
    wire& to_;
};

std::string text_of(const json::object& from, std::string_view key)
{
    const auto* value = from.if_contains(key);
    return value && value->is_string() ? std::string(value->get_string()) : std::string();
}

std::string short_identifier(const json::value& identifier)
{
    error_code ignored;
    const auto parsed = json::parse(identifier.as_string(), ignored);
    if (const auto* object = parsed.if_object(); object && object->contains("id")) return text_of(*object, "id");
    return std::string(identifier.as_string());
}

std::string short_text(const std::string& text)
{
    error_code failed;
    const auto parsed = json::parse(text, failed);
    const auto* object = failed ? nullptr : parsed.if_object();
    if (!object) return "no JSON object: " + text;
    const auto type = text_of(*object, "type");
    if (type == "welcome" || type == "pong") return type;
    if (type == "confirm_subscription") return "confirm " + short_identifier(object->at("identifier"));
    if (type == "reject_subscription") return "reject " + short_identifier(object->at("identifier"));
    if (type == "ping") return "ping " + json::serialize(object->at("message"));
    if (type == "disconnect") return "disconnect " + text_of(*object, "reason") + (object->at("reconnect").as_bool() ? " reconnect" : " final");
    if (const auto* message = object->if_contains("message")) return short_identifier(object->at("identifier")) + ": " + json::serialize(*message);
    return text;
}

} // namespace

client::client(session_world& world, session_context& context, session_start start) : world_(world)
{
    who = &world.sessions.add(std::make_unique<session>(context, std::move(start), std::make_unique<fake_transport>(socket)));
}

void client::text(std::string_view message)
{
    who->on_text(message);
    world_.turn();
}

namespace {

std::string command_text(const char* name, const std::string& identifier)
{
    return json::serialize(json::object{{"command", name}, {"identifier", identifier}});
}

} // namespace

void client::subscribe(const std::string& identifier) { text(command_text("subscribe", identifier)); }
void client::unsubscribe(const std::string& identifier) { text(command_text("unsubscribe", identifier)); }

void client::message(const std::string& identifier, const std::string& data)
{
    text(json::serialize(json::object{{"command", "message"}, {"identifier", identifier}, {"data", data}}));
}

void client::perform(const std::string& identifier, const std::string& steps)
{
    message(identifier, json::serialize(json::object{{"action", "run"}, {"steps", steps}}));
}

strings client::said()
{
    strings out;
    for (;;) {
        const auto rest = std::string_view(socket.bytes).substr(parsed_);
        if (rest.size() < 2) break;
        const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(rest[i]); };
        std::size_t size = byte(1) & 0x7f, head = 2;
        const std::size_t extra = size == 126 ? 2 : size == 127 ? 8 : 0;
        if (rest.size() < head + extra) break;
        if (extra > 0) size = 0;
        for (std::size_t i = 0; i < extra; ++i) size = size << 8 | byte(head + i);
        head += extra;
        if (rest.size() < head + size) break;
        const std::string payload(rest.substr(head, size));
        last_frame_ = std::string(rest.substr(0, head + size));
        parsed_ += head + size;
        const auto code = static_cast<opcode>(byte(0) & 0x0f);
        const bool is_deflated = (byte(0) & 0x40) != 0;
        std::string one;
        if (code == opcode::close) {
            one = "close";
            if (payload.size() >= 2) one += ' ' + std::to_string(static_cast<unsigned char>(payload[0]) << 8 | static_cast<unsigned char>(payload[1]));
            if (payload.size() > 2) one += ' ' + payload.substr(2);
        } else if (code == opcode::pong) {
            one = "pong " + payload;
        } else if (code != opcode::text || (byte(0) & 0x80) == 0) {
            one = "unexpected frame " + std::to_string(byte(0));
        } else if (is_deflated) {
            inflater expand;
            const auto inflated = expand.inflate(payload, 1 << 24);
            one = "deflated " + (inflated ? short_text(std::string(*inflated)) : "garbage");
        } else {
            one = short_text(payload);
        }
        out.push_back(std::move(one));
    }
    return out;
}

void client::writable(std::size_t room)
{
    socket.room = room;
    if (std::exchange(socket.awaits_writable, false)) who->on_writable();
    world_.turn();
}

bool client::finish()
{
    if (!is_finishing_) {
        is_finishing_ = true;
        asio::co_spawn(world_.io, who->finish(), [this](std::exception_ptr failed) {
            if (failed) world_.trace.push_back("finish threw");
            is_finished_ = true;
            if (is_destroyed_at_end) destroy();
        });
    }
    world_.turn();
    return is_finished_;
}

void client::destroy()
{
    world_.sessions.remove(*who);
    who = nullptr;
}

session_start plain_start()
{
    session_start start;
    start.id = "s1";
    start.protocol = &json_codec();
    return start;
}

} // namespace coax::test
