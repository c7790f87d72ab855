// SPDX-License-Identifier: MIT
#pragma once

#include "hub/adapter_port.hpp"
#include "plugin/call_table.hpp"
#include "plugin/host_services.hpp"
#include "plugin/service_gate.hpp"

#include <coax/abi/adapter.h>
#include <coax/abi/plugin.h>
#include <coax/log.hpp>
#include <coax/metrics.hpp>
#include <coax/result.hpp>
#include <coax/task.hpp>

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace coax {

/// The hub's adapter port over a plugin's function table.
///
/// Life: constructor (creates the instance) -> start -> … -> stop -> destructor. Whatever the plugin does, each `done` of the port is
/// called exactly once, at the latest when `stop` ends (errc::shutting_down), and nothing reaches `events` after that.
/// A plugin whose `stop` misses its limit is logged and its instance leaked on purpose: its threads may still run in it.
///
/// Thread rule: the port from any thread; start, stop and destructor on one executor, the destructor never inside a completion.
class plugin_adapter final : public adapter_port {
public:
    /// `plugin` has passed check_descriptor and lives until the process ends. `options_json` is the adapter's own section.
    /// `events`, `metrics` and the sink of `log` must outlive this.
    /// Errors: startup_error (78) with the plugin's reason.
    plugin_adapter(const coax_plugin& plugin, adapter_events& events, logger log, metric_registry& metrics, std::string options_json);
    /// After `start` without a completed `stop`, the instance is leaked (see above); pending completions get errc::shutting_down.
    ~plugin_adapter() override;
    plugin_adapter(const plugin_adapter&) = delete;
    plugin_adapter& operator=(const plugin_adapter&) = delete;

    /// Reaches the back end. Errors: the plugin's, whose words `failure` has; timed_out. `stop` must follow in any case.
    /// Cancellation: terminal.
    task<result<void>> start(std::chrono::milliseconds limit);

    /// Refuses new calls (errc::shutting_down), lets the plugin end, completes what it left. Comes once, after `start` has ended.
    /// Errors: the plugin's; timed_out, and if the plugin does not even end when cancelled, its instance is leaked.
    task<result<void>> stop(std::chrono::milliseconds limit);

    /// errc::invalid_argument unless `stream` has 1 to 255 bytes.
    void subscribe(std::string stream, completion done) override;
    void unsubscribe(std::string stream, completion done) override;
    void publish(std::vector<broadcast_message> messages, completion done) override;

    /// The plugin's words for the latest failed call, for the error that a user sees; may be empty.
    std::string failure() const { return services_.failure(); }
    /// Calls of the plugin after its end, which were refused.
    std::uint64_t refused_count() const noexcept { return services_.refused_count(); }

private:
    enum class phase : std::uint8_t { created, started, stopped, leaked };
    using stream_function = coax_call* (*)(void* self, coax_str stream, coax_done done);

    void call_with_stream(const char* what, stream_function function, std::string_view stream, completion done);
    task<> leave_calls(std::chrono::steady_clock::time_point deadline);
    void end_services() noexcept;

    const coax_adapter_vtable& table_;
    const logger log_;
    host_services& services_;
    void* self_ = nullptr;
    service_gate calls_; ///< functions of the table that are being called now
    phase phase_ = phase::created;
};

} // namespace coax
