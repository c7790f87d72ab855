// SPDX-License-Identifier: MIT
#include "session_world.hpp"

#include "protocol/codec.hpp"

#include <coax/error.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/json.hpp>

#include <algorithm>
#include <sstream>
#include <stdexcept>

namespace coax {

class broadcaster_access {
public:
    static broadcaster make(hub& target) { return broadcaster(&target); }
};

} // namespace coax

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

std::pair<std::string, std::string> split(const std::string& text, char at)
{
    const auto found = text.find(at);
    if (found == std::string::npos) return {text, {}};
    return {text.substr(0, found), text.substr(found + 1)};
}

std::string text_of(const json::object& from, std::string_view key)
{
    const auto* value = from.if_contains(key);
    return value && value->is_string() ? std::string(value->get_string()) : std::string();
}

class script_connection final : public connection {
public:
    explicit script_connection(session_world& world) : world_(world) {}

    task<> connect() override
    {
        world_.trace.push_back("connect");
        co_await run(world_.on_connect);
    }
    task<> disconnect() override
    {
        world_.trace.push_back("disconnect");
        co_await run(world_.on_disconnect);
    }

private:
    task<> run(std::string steps)
    {
        std::istringstream input(steps);
        for (std::string step; input >> step;) {
            const auto [what, with] = split(step, ':');
            if (what == "wait") {
                auto waiting = world_.wait_gate(with);
                co_await std::move(waiting);
                world_.trace.push_back("passed " + with);
            } else if (what == "throw") {
                throw std::runtime_error("scripted " + with);
            } else if (what == "unauthorized") {
                reject_unauthorized();
            } else if (what == "close") {
                close(with, false);
            } else if (what == "identify") {
                const auto [name, value] = split(with, '=');
                identified_by(name, value);
            } else if (what == "send") {
                json::object message;
                message["sent"] = with;
                world_.trace.push_back(transmit(message) ? "sent" : "not sent");
            } else {
                throw std::logic_error("unknown step " + step);
            }
        }
    }

    session_world& world_;
};

class script_channel final : public channel_of<script_connection> {
public:
    explicit script_channel(session_world& world) : world_(world) {}

    task<> subscribed() override { return hook("subscribed", "in"); }
    task<> unsubscribed() override { return hook("unsubscribed", "out"); }

    task<> perform(json::object data)
    {
        auto steps = text_of(data, "steps");
        co_await run(std::move(steps));
    }
    task<> plain()
    {
        world_.trace.push_back("plain " + name());
        co_return;
    }
    task<> received(json::object data)
    {
        world_.trace.push_back("received " + json::serialize(data));
        co_return;
    }
    static void describe(channel_spec<script_channel>& spec)
    {
        spec.name("Script").action("run", &script_channel::perform).action("plain", &script_channel::plain);
    }

private:
    std::string name() const { return text_of(params(), "id"); }

    task<> hook(const char* called, const char* steps_key)
    {
        world_.trace.push_back(called + (" " + name()));
        auto steps = text_of(params(), steps_key);
        co_await run(std::move(steps));
    }

    task<> run(std::string steps)
    {
        std::istringstream input(steps);
        for (std::string step; input >> step;) {
            const auto [what, with] = split(step, ':');
            if (what == "wait") {
                auto waiting = world_.wait_gate(with);
                co_await std::move(waiting);
                world_.trace.push_back("passed " + with);
            } else if (what == "stream") {
                auto joining = stream_from(with);
                co_await std::move(joining);
            } else {
                step_now(what, with);
            }
        }
    }

    void step_now(const std::string& what, const std::string& with)
    {
        const auto [left, right] = split(with, '=');
        if (what == "stop") stop_stream_from(with);
        else if (what == "stop_all") stop_all_streams();
        else if (what == "reject") reject();
        else if (what == "throw") throw std::runtime_error("scripted " + with);
        else if (what == "throw_int") throw 1;
        else if (what == "transmit") transmit(json::value(with));
        else if (what == "raw") transmit_raw(with);
        else if (what == "big") transmit(json::value(std::string(std::stoul(with), 'x')));
        else if (what == "broadcast") broadcast(left, json::value(right));
        else if (what == "close") connection().close(with, false);
        else if (what == "note") world_.trace.push_back(with);
        else throw std::logic_error("unknown step " + what);
    }

    session_world& world_;
};

/// Has `receive`, and nothing else.
class receiving_channel final : public channel {
public:
    explicit receiving_channel(session_world& world) : world_(world) {}
    task<> receive(json::object data)
    {
        world_.trace.push_back("received " + json::serialize(data));
        co_return;
    }
    static void describe(channel_spec<receiving_channel>& spec) { spec.name("Receiving").receive(&receiving_channel::receive); }

private:
    session_world& world_;
};

template <class Channel>
channel_description described(session_world& world)
{
    channel_description made;
    channel_spec<Channel> spec(made);
    Channel::describe(spec);
    made.make = [&world] { return std::make_unique<Channel>(world); };
    return made;
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

// ---- adapter and log ------------------------------------------------------------------------------------------------------------

void told_adapter::subscribe(std::string stream, completion done)
{
    asked.push_back("+" + stream);
    if (is_holding) held_[stream] = std::move(done);
    else done({});
}

void told_adapter::unsubscribe(std::string stream, completion done)
{
    asked.push_back("-" + stream);
    done({});
}

void told_adapter::publish(std::vector<broadcast_message> messages, completion done)
{
    std::vector<delivered_message> views;
    for (const auto& message : messages) views.push_back({message.stream, message.payload, {}});
    events_.deliver(views);
    done({});
}

bool told_adapter::acknowledge(const std::string& stream, error_code error)
{
    auto found = held_.extract(stream);
    if (found.empty()) return false;
    found.mapped()(error);
    return true;
}

void captured_log::write(const log_event& event) noexcept
{
    static constexpr const char* levels[] = {"debug", "info", "warn", "error", "off"};
    std::string line = levels[static_cast<int>(event.level)];
    line.append(" ").append(event.name);
    if (event.context)
        for (const auto& [key, value] : *event.context) line += " " + key + "=" + value;
    for (std::size_t i = 0; i < event.field_count; ++i) line.append(" ").append(event.fields[i].key).append("=").append(event.fields[i].value);
    lines.push_back(std::move(line));
}

std::size_t captured_log::count(std::initializer_list<std::string_view> parts) const
{
    return static_cast<std::size_t>(std::count_if(lines.begin(), lines.end(), [&](const std::string& line) {
        return std::all_of(parts.begin(), parts.end(), [&](std::string_view part) { return line.find(part) != std::string::npos; });
    }));
}

// ---- world ----------------------------------------------------------------------------------------------------------------------

struct session_world::gate {
    explicit gate(executor where) : timer(std::move(where), steady_timer::time_point::max()) {}
    steady_timer timer;
    bool is_open = false;
};

session_world::session_world()
    : node(metrics, logger(log, log_level::debug)), adapter(node), shard(node, {}, metrics, [this] { is_woken = true; }),
      controller(channels, [this] { return make_connection(); }, metrics),
      context{io.get_executor(), shard, broadcaster_access::make(node), controller, session_config(), {"origin"},
              logger(log, log_level::debug), session_metrics(metrics), deadlines, load, &compressor, [this] { return now; },
              log_limiter(1'000'000)}
{
    node.use_adapter(adapter);
    node.add_shard(shard);
    channels.add(described<script_channel>(*this));
    channels.add(described<receiving_channel>(*this));
}

session_world::~session_world()
{
    for (auto& each : gates_) open_gate(each.first);
    adapter.is_holding = false;
    for (auto& each : clients_) {
        if (!each->who) continue;
        if (!each->finish()) advance(1h);
        if (each->is_finished()) each->destroy();
    }
}

std::unique_ptr<coax::connection> session_world::make_connection()
{
    auto made = std::make_unique<script_connection>(*this);
    last_connection = made.get();
    return made;
}

client& session_world::accept(session_start start, session_context* with)
{
    if (!start.protocol) {
        auto plain = plain_start();
        start.protocol = plain.protocol;
        start.id = plain.id;
    }
    return *clients_.emplace_back(std::make_unique<client>(*this, with ? *with : context, std::move(start)));
}

client& session_world::connect(session_start start)
{
    auto& made = accept(std::move(start));
    made.who->open();
    turn();
    return made;
}

void session_world::publish(const std::string& stream, const std::string& payload)
{
    context.cable.broadcast_raw(stream, payload);
    turn();
}

void session_world::open_gate(const std::string& name)
{
    auto& which = gates_[name];
    if (!which) which = std::make_unique<gate>(io.get_executor());
    which->is_open = true;
    which->timer.cancel();
    turn();
}

task<> session_world::wait_gate(std::string name)
{
    auto& which = gates_[name];
    if (!which) which = std::make_unique<gate>(io.get_executor());
    if (which->is_open) co_return;
    auto opened = which->timer.async_wait(asio::as_tuple(asio::deferred));
    auto [error] = co_await std::move(opened);
    if (!which->is_open) throw boost::system::system_error(error);
}

void session_world::turn()
{
    for (int round = 0; round < 10'000; ++round) {
        io.restart();
        const auto handled = io.poll();
        const bool was_woken = std::exchange(is_woken, false);
        shard.drain();
        shard.flush();
        if (handled == 0 && !was_woken && !is_woken) return;
    }
    throw std::logic_error("the loop never comes to rest");
}

void session_world::advance(std::chrono::milliseconds by)
{
    now += by;
    deadlines.run(now);
    turn();
}

// ---- client ---------------------------------------------------------------------------------------------------------------------

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

std::string script(const std::string& id, const std::string& in, const std::string& out)
{
    json::object made{{"channel", "Script"}, {"id", id}};
    if (!in.empty()) made["in"] = in;
    if (!out.empty()) made["out"] = out;
    return json::serialize(made);
}

session_start plain_start()
{
    session_start start;
    start.id = "s1";
    start.protocol = &json_codec();
    return start;
}

} // namespace coax::test
