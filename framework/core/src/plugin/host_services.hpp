// SPDX-License-Identifier: MIT
#pragma once

#include "hub/adapter_port.hpp"
#include "observe/metric_names.hpp"
#include "plugin/service_gate.hpp"

#include <coax/abi/host.h>
#include <coax/log.hpp>
#include <coax/metrics.hpp>

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

namespace coax {

namespace metric_names {

inline constexpr metric_name plugin_violations_total{"plugin_violations_total", "calls",
    "Calls of plugins against the contract: a second or late completion, a wrong stream name, a call after stop", counter};
inline constexpr metric_name plugin_calls_failed_total{"plugin_calls_failed_total", "calls",
    "Calls into plugins that completed with an error", counter};

} // namespace metric_names

/// The C functions behind one plugin instance's `coax_host`: where a plugin's log lines, metrics, messages and states enter.
///
/// An instance is never freed: a plugin that calls after its end must still find something that refuses it. Several hundred bytes for
/// each adapter that ever was, which is few.
/// Thread rule: any thread; nothing blocks or throws, but `close`.
class host_services {
public:
    /// `plugin` is kind and name, such as `adapter_memory`. `events`, `metrics` and the sink of `log` must live until `close` returns.
    static host_services& open(std::string plugin, adapter_events& events, logger log, metric_registry& metrics);
    host_services(const host_services&) = delete;
    host_services& operator=(const host_services&) = delete;

    const coax_host& table() const noexcept { return table_; }

    /// Nothing reaches `events`, the log or the metrics after this returns. Waits for those who are inside; never call it from one.
    void close() noexcept;

    /// What runs on behalf of the plugin passes here, completions included.
    service_gate& gate() noexcept { return gate_; }

    /// Counts a call against the contract and logs it; the caller is inside the gate.
    void violation(std::string_view what) noexcept;
    /// Counts one that came after `close`, when there is no log any more.
    void refused() noexcept { refused_.fetch_add(1, std::memory_order_relaxed); }
    std::uint64_t refused_count() const noexcept { return refused_.load(std::memory_order_relaxed); }

    /// A call into the plugin has completed with an error; `what` names the function. The words are kept for `failure`.
    /// The caller is inside the gate.
    void call_failed(std::string_view what, error_code error, std::string_view message) noexcept;
    /// A call was given up; the caller owns the services.
    void call_abandoned(std::string_view what) noexcept;
    /// The plugin's words for its latest failure; empty if there were none.
    std::string failure() const;

private:
    host_services(std::string plugin, adapter_events& events, logger log, metric_registry& metrics);

    struct metric_handle {
        host_services* owner;
        metric* target;
        metric_kind kind;
    };
    static constexpr std::size_t max_metrics = 256;

    static int log_enabled(void* self, std::uint32_t level) noexcept;
    static void log(void* self, std::uint32_t level, coax_str event, const coax_pair* fields, std::size_t count) noexcept;
    static void* make_metric(void* self, std::uint32_t kind, coax_str name, coax_str description, const coax_pair* labels, std::size_t count) noexcept;
    static void metric_add(void* handle, double value) noexcept;
    static std::uint32_t deliver(void* self, const coax_message* messages, std::size_t count, std::size_t stride) noexcept;
    static std::uint32_t publication(void* self, coax_str envelope) noexcept;
    static void state(void* self, std::uint32_t state, const coax_error* why) noexcept;

    std::uint32_t deliver_many(const coax_message* messages, std::size_t count, std::size_t stride);
    void* find_or_make_metric(std::uint32_t kind, std::string_view name, std::string_view description);

    const std::string plugin_;
    service_gate gate_;
    adapter_events* events_;
    logger log_;
    metric_registry* metrics_;
    metric* violations_;
    metric* failures_;
    metric* abandoned_;
    coax_host table_{};
    std::atomic<std::uint64_t> refused_{0};
    mutable std::mutex mutex_; ///< guards what follows
    std::array<std::unique_ptr<metric_handle>, max_metrics> metric_handles_;
    std::size_t metric_count_ = 0;
    std::string failure_;
};

} // namespace coax
