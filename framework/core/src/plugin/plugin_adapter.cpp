// SPDX-License-Identifier: MIT
#include "plugin/plugin_adapter.hpp"

#include "plugin/abi_convert.hpp"
#include "plugin/call_awaiter.hpp"

#include <coax/error.hpp>

#include <boost/assert.hpp>

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

namespace coax {

namespace {

constexpr std::size_t max_stream_size = 255;

bool is_stream_name(std::string_view stream) noexcept { return !stream.empty() && stream.size() <= max_stream_size; }

void answer(const adapter_port::completion& done, error_code error)
{
    if (done) done(error);
}

coax_message message_to_abi(const broadcast_message& message) noexcept
{
    return {to_abi(message.stream), to_abi(message.payload), {nullptr, 0}};
}

std::uint32_t limit_in_ms(std::chrono::milliseconds limit) noexcept
{
    return static_cast<std::uint32_t>(std::clamp<std::chrono::milliseconds::rep>(limit.count(), 0, std::numeric_limits<std::uint32_t>::max()));
}

} // namespace

plugin_adapter::plugin_adapter(const coax_plugin& plugin, adapter_events& events, logger log, metric_registry& metrics, std::string options_json)
    : table_(*static_cast<const coax_adapter_vtable*>(plugin.vtable)), log_(log.with("plugin", std::string("adapter_") + plugin.name)),
      services_(host_services::open(std::string("adapter_") + plugin.name, events, log, metrics))
{
    auto& calls = call_table::of_process();
    const auto report = calls.open(services_, table_, "create", {});
    self_ = table_.create(&services_.table(), to_abi(options_json), report);
    calls.discard(report);
    if (self_) return;
    services_.close();
    auto words = services_.failure();
    if (words.empty()) words = "it gave no reason";
    throw config_error("adapter '" + std::string(plugin.name) + "' refuses its options: " + words + "; correct the section [adapter."
        + plugin.name + "]");
}

plugin_adapter::~plugin_adapter()
{
    if (phase_ == phase::started) log_.error("plugin.not_stopped", {{"remedy", "stop the adapter before it is destroyed"}});
    const bool may_destroy = phase_ == phase::created || phase_ == phase::stopped;
    calls_.close_and_wait();
    if (phase_ != phase::created) end_services();
    // A created instance may still log while it is destroyed; nothing else of it runs.
    if (may_destroy) table_.destroy(self_);
    if (phase_ == phase::created) end_services();
}

void plugin_adapter::end_services() noexcept
{
    services_.close();
    call_table::of_process().abandon_all(services_, errc::shutting_down);
}

task<result<void>> plugin_adapter::start(std::chrono::milliseconds limit)
{
    BOOST_ASSERT(phase_ == phase::created);
    phase_ = phase::started;
    call_starter starter = [this](coax_done ticket) { return table_.start(self_, ticket); };
    auto call = await_call(services_, table_, "start", std::move(starter), limit);
    auto outcome = co_await std::move(call);
    co_return outcome.answer;
}

task<result<void>> plugin_adapter::stop(std::chrono::milliseconds limit)
{
    BOOST_ASSERT(phase_ == phase::started);
    const auto deadline = std::chrono::steady_clock::now() + limit;
    calls_.close();
    co_await leave_calls(deadline);
    call_starter starter = [this, limit](coax_done ticket) { return table_.stop(self_, limit_in_ms(limit), ticket); };
    // The plugin knows its limit; it gets a little longer than that before it is cancelled, so that its own report wins.
    auto call = await_call(services_, table_, "stop", std::move(starter), limit + std::chrono::milliseconds(100));
    auto outcome = co_await std::move(call);
    phase_ = outcome.is_abandoned || !calls_.is_empty() ? phase::leaked : phase::stopped;
    if (phase_ == phase::leaked) log_.error("plugin.stop_timed_out", {{"limit_ms", limit.count()}, {"consequence", "its instance is leaked"}});
    end_services();
    co_return outcome.answer;
}

/// Waits for functions of the table that other threads are in at this moment. They do not block, so this hardly ever waits at all; a timer
/// rather than a notification, since the callers should not pay for what happens once.
task<> plugin_adapter::leave_calls(std::chrono::steady_clock::time_point deadline)
{
    auto where = co_await asio::this_coro::executor;
    steady_timer pause(where);
    while (!calls_.is_empty() && std::chrono::steady_clock::now() < deadline) {
        pause.expires_after(std::chrono::milliseconds(1));
        auto wait = pause.async_wait(asio::deferred);
        co_await std::move(wait);
    }
}

void plugin_adapter::call_with_stream(const char* what, stream_function function, std::string_view stream, completion done)
{
    if (!is_stream_name(stream)) return answer(done, errc::invalid_argument);
    const gate_pass inside(calls_);
    if (!inside) return answer(done, errc::shutting_down);
    auto& calls = call_table::of_process();
    const auto ticket = calls.open(services_, table_, what, std::move(done));
    calls.started(ticket, function(self_, to_abi(stream), ticket));
}

void plugin_adapter::subscribe(std::string stream, completion done) { call_with_stream("subscribe", table_.subscribe, stream, std::move(done)); }

void plugin_adapter::unsubscribe(std::string stream, completion done)
{
    call_with_stream("unsubscribe", table_.unsubscribe, stream, std::move(done));
}

void plugin_adapter::publish(std::vector<broadcast_message> messages, completion done)
{
    if (messages.empty()) return answer(done, {});
    for (const auto& message : messages)
        if (!is_stream_name(message.stream)) return answer(done, errc::invalid_argument);
    const gate_pass inside(calls_);
    if (!inside) return answer(done, errc::shutting_down);

    // One message is the common case and needs no allocation.
    std::array<coax_message, 1> one{};
    std::vector<coax_message> many;
    const coax_message* first = one.data();
    if (messages.size() == 1) {
        one[0] = message_to_abi(messages.front());
    } else {
        many.reserve(messages.size());
        for (const auto& message : messages) many.push_back(message_to_abi(message));
        first = many.data();
    }
    auto& calls = call_table::of_process();
    const auto ticket = calls.open(services_, table_, "publish", std::move(done));
    calls.started(ticket, table_.publish(self_, first, messages.size(), sizeof(coax_message), ticket));
}

} // namespace coax
