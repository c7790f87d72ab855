// SPDX-License-Identifier: MIT
#include "plugin/host_services.hpp"

#include "plugin/abi_convert.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <span>
#include <utility>
#include <vector>

namespace coax {

namespace {

constexpr std::size_t max_stream_size = 255;
constexpr std::size_t max_log_fields = 32;
constexpr std::size_t max_metric_name = 64;

host_services& services(void* self) noexcept { return *static_cast<host_services*>(self); }

bool is_metric_name(std::string_view name) noexcept
{
    return !name.empty() && name.size() <= max_metric_name && std::all_of(name.begin(), name.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
    });
}

bool is_deliverable(const coax_message& message) noexcept
{
    return message.stream.data && message.stream.size >= 1 && message.stream.size <= max_stream_size
        && (message.payload.data || message.payload.size == 0);
}

const coax_message& message_at(const coax_message* first, std::size_t stride, std::size_t i) noexcept
{
    return *reinterpret_cast<const coax_message*>(reinterpret_cast<const char*>(first) + i * stride);
}

delivered_message view_of(const coax_message& message) noexcept
{
    return {from_abi(message.stream), from_abi(message.payload), from_abi(message.meta)};
}

log_level level_of(std::uint32_t level) noexcept { return static_cast<log_level>(std::min<std::uint32_t>(level, COAX_LOG_ERROR)); }

std::int64_t rounded(double value) noexcept
{
    constexpr double most = 9.0e18; // below 2^63, so that the conversion is defined
    return std::llround(std::clamp(value, -most, most));
}

} // namespace

host_services& host_services::open(std::string plugin, adapter_events& events, logger log, metric_registry& metrics)
{
    // Reachable for ever, on purpose (see the class): a leak checker should not report what is no accident.
    static std::mutex mutex;
    static auto& all = *new std::vector<host_services*>;
    std::unique_ptr<host_services> made(new host_services(std::move(plugin), events, std::move(log), metrics));
    const std::scoped_lock lock(mutex);
    all.push_back(made.get());
    return *made.release();
}

host_services::host_services(std::string plugin, adapter_events& events, logger log, metric_registry& metrics)
    : plugin_(std::move(plugin)), events_(&events), log_(log.with("plugin", plugin_)), metrics_(&metrics),
      violations_(&metric_names::plugin_violations_total.in(metrics)), failures_(&metric_names::plugin_calls_failed_total.in(metrics)),
      abandoned_(&metric_names::plugin_calls_abandoned_total.in(metrics))
{
    table_.struct_size = sizeof table_;
    table_.features = 0;
    table_.self = this;
    table_.log_enabled = &host_services::log_enabled;
    table_.log = &host_services::log;
    table_.metric = &host_services::make_metric;
    table_.metric_add = &host_services::metric_add;
    table_.deliver = &host_services::deliver;
    table_.publication = &host_services::publication;
    table_.state = &host_services::state;
}

void host_services::close() noexcept
{
    gate_.close_and_wait();
    // Nobody can be inside any more; the sink may now be closed by its owner.
    log_ = logger();
}

void host_services::violation(std::string_view what) noexcept
{
    violations_->add();
    try {
        log_.warn("plugin.violation", {{"what", what}});
    } catch (...) { // out of memory for a log line: the count is kept
    }
}

void host_services::call_failed(std::string_view what, error_code error, std::string_view message) noexcept
{
    failures_->add();
    try {
        if (log_.enabled(log_level::debug)) log_.debug("plugin.call_failed", {{"call", what}, {"error", error.message()}, {"message", message}});
        const std::scoped_lock lock(mutex_);
        failure_ = message;
    } catch (...) {
    }
}

void host_services::call_abandoned(std::string_view what) noexcept
{
    const gate_pass inside(gate_);
    if (!inside) return;
    abandoned_->add();
    try {
        log_.error("plugin.call_abandoned", {{"call", what}});
    } catch (...) {
    }
}

std::string host_services::failure() const
{
    const std::scoped_lock lock(mutex_);
    return failure_;
}

int host_services::log_enabled(void* self, std::uint32_t level) noexcept
{
    const gate_pass inside(services(self).gate_);
    return inside && services(self).log_.enabled(level_of(level)) ? 1 : 0;
}

void host_services::log(void* self, std::uint32_t level, coax_str event, const coax_pair* fields, std::size_t count) noexcept
{
    auto& me = services(self);
    const gate_pass inside(me.gate_);
    if (!inside) return me.refused();
    if (!me.log_.enabled(level_of(level))) return;
    try {
        std::vector<log_field> copied;
        if (!fields) count = 0;
        count = std::min(count, max_log_fields);
        copied.reserve(count);
        for (std::size_t i = 0; i < count; ++i)
            copied.emplace_back(from_abi(fields[i].key).substr(0, max_plugin_text), from_abi(fields[i].value).substr(0, max_plugin_text));
        me.log_.write_fields(level_of(level), from_abi(event).substr(0, max_plugin_text), copied.data(), copied.size());
    } catch (...) {
    }
}

void* host_services::make_metric(void* self, std::uint32_t kind, coax_str name, coax_str description, const coax_pair*, std::size_t count) noexcept
{
    auto& me = services(self);
    const gate_pass inside(me.gate_);
    if (!inside) return me.refused(), nullptr;
    if (count > 0 || !is_metric_name(from_abi(name))) return nullptr;
    if (kind != COAX_METRIC_COUNTER && kind != COAX_METRIC_GAUGE) return nullptr;
    try {
        return me.find_or_make_metric(kind, from_abi(name), from_abi(description).substr(0, max_plugin_text));
    } catch (...) {
        return nullptr;
    }
}

void* host_services::find_or_make_metric(std::uint32_t kind, std::string_view name, std::string_view description)
{
    const auto wanted = kind == COAX_METRIC_COUNTER ? metric_kind::counter : metric_kind::gauge;
    std::string full = plugin_ + "_";
    full += name;
    auto& target = metrics_->get(full, wanted, description);
    const std::scoped_lock lock(mutex_);
    for (std::size_t i = 0; i < metric_count_; ++i)
        if (metric_handles_[i]->target == &target) return metric_handles_[i].get();
    if (metric_count_ == max_metrics) return nullptr;
    auto& place = metric_handles_[metric_count_];
    place = std::make_unique<metric_handle>(metric_handle{this, &target, wanted});
    ++metric_count_;
    return place.get();
}

void host_services::metric_add(void* handle, double value) noexcept
{
    if (!handle || std::isnan(value)) return;
    const auto& known = *static_cast<metric_handle*>(handle);
    const gate_pass inside(known.owner->gate_);
    if (!inside) return known.owner->refused();
    if (known.kind == metric_kind::counter && value < 0) return known.owner->violation("a counter was lowered");
    known.target->add(rounded(value));
}

std::uint32_t host_services::deliver(void* self, const coax_message* messages, std::size_t count, std::size_t stride) noexcept
{
    auto& me = services(self);
    const gate_pass inside(me.gate_);
    if (!inside) return me.refused(), 0;
    if (count == 0) return 0;
    if (!messages || stride < sizeof(coax_message) || stride % alignof(coax_message) != 0) {
        me.violation("deliver: no messages, or a stride that is no size of coax_message");
        return 0;
    }
    count = std::min<std::size_t>(count, std::numeric_limits<std::uint32_t>::max());
    if (count == 1 && is_deliverable(*messages)) {
        const auto view = view_of(*messages);
        return static_cast<std::uint32_t>(me.events_->deliver({&view, 1}));
    }
    try {
        return me.deliver_many(messages, count, stride);
    } catch (...) { // out of memory: nothing was taken
        return 0;
    }
}

std::uint32_t host_services::deliver_many(const coax_message* messages, std::size_t count, std::size_t stride)
{
    std::vector<delivered_message> valid;
    valid.reserve(count);
    std::vector<std::size_t> skipped; // indices of messages that nobody may offer again
    for (std::size_t i = 0; i < count; ++i) {
        const auto& message = message_at(messages, stride, i);
        if (is_deliverable(message))
            valid.push_back(view_of(message));
        else
            skipped.push_back(i);
    }
    for ([[maybe_unused]] const auto index : skipped) violation("deliver: a stream name must have 1 to 255 bytes, and a payload its bytes");
    if (valid.empty()) return static_cast<std::uint32_t>(count);
    auto taken = std::min(events_->deliver(valid), valid.size());
    if (taken == valid.size()) return static_cast<std::uint32_t>(count);
    // The first message not taken, counted in the plugin's numbering: every dropped one before it was dealt with.
    for (const auto index : skipped)
        if (index <= taken) ++taken;
    return static_cast<std::uint32_t>(taken);
}

std::uint32_t host_services::publication(void* self, coax_str) noexcept
{
    auto& me = services(self);
    const gate_pass inside(me.gate_);
    if (!inside) return me.refused(), 0;
    me.violation("publication: this host has not announced COAX_HOST_FEATURE_PUBLICATION");
    return 0;
}

void host_services::state(void* self, std::uint32_t state, const coax_error* why) noexcept
{
    auto& me = services(self);
    const gate_pass inside(me.gate_);
    if (!inside) return me.refused();
    if (state < COAX_STATE_CONNECTING || state > COAX_STATE_DISCONNECTED) return me.violation("state: unknown number");
    const auto next = static_cast<adapter_state>(state - COAX_STATE_CONNECTING);
    me.events_->state_changed(next, error_from_abi(why), message_from_abi(why));
}

} // namespace coax
