// SPDX-License-Identifier: MIT
#include "session_world.hpp"

#include <coax/error.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/deferred.hpp>

#include <algorithm>
#include <stdexcept>

namespace coax {

class broadcaster_access {
public:
    static broadcaster make(hub& target) { return broadcaster(&target); }
};

} // namespace coax

namespace coax::test {

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
              1'000'000}
{
    node.use_adapter(adapter);
    node.add_shard(shard);
    for (auto& each : script_channels(*this)) channels.add(std::move(each));
}

session_world::~session_world()
{
    for (auto& each : gates_) open_gate(each.first);
    adapter.is_holding = false;
    for (auto& each : clients_) {
        if (!each->who) continue;
        if (!each->finish()) advance(std::chrono::hours(1));
        if (each->is_finished()) each->destroy();
    }
}

std::unique_ptr<coax::connection> session_world::make_connection()
{
    auto made = script_connection_in(*this);
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

} // namespace coax::test
