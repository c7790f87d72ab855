// SPDX-License-Identifier: MIT
#pragma once

#include <coax/sdk/detail/convert.hpp>

#include <coax/abi/host.h>
#include <coax/error.hpp>
#include <coax/result.hpp>
#include <coax/task.hpp>

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace coax::sdk {

/// A message that came from the back end. Views need to live during `deliver` only.
struct message_view {
    std::string_view stream;
    std::string_view payload;
    std::string_view meta{};
};

/// A key and its value for a log line. Numbers and booleans convert.
struct field {
    std::string_view key;
    std::string value;

    field(std::string_view k, std::string v) : key(k), value(std::move(v)) {}
    field(std::string_view k, std::string_view v) : key(k), value(v) {}
    field(std::string_view k, const char* v) : key(k), value(v) {}
    field(std::string_view k, bool v) : key(k), value(v ? "true" : "false") {}
    template <class Number>
        requires((std::integral<Number> || std::floating_point<Number>) && !std::same_as<Number, bool>)
    field(std::string_view k, Number v) : key(k), value(std::to_string(v)) {}
};

enum class level : std::uint32_t { debug = COAX_LOG_DEBUG, info = COAX_LOG_INFO, warn = COAX_LOG_WARN, error = COAX_LOG_ERROR };

/// One number of the plugin's own. A small value: copy it. Thread rule: any thread, wait-free.
class metric {
public:
    metric() = default;
    metric(const coax_host& table, void* handle) noexcept : add_(table.metric_add), handle_(handle) {}
    /// Adds `value`; a counter takes no negative one.
    void add(double value = 1) const noexcept
    {
        if (handle_) add_(handle_, value);
    }
    /// False if the host did not give it, for instance because the name is malformed; `add` then does nothing.
    explicit operator bool() const noexcept { return handle_ != nullptr; }

private:
    void (*add_)(void* metric, double value) = nullptr;
    void* handle_ = nullptr;
};

/// What plugin code may ask of its host: log lines, metrics, deliveries. A small value: copy it freely.
///
/// Thread rule: any thread. Valid as long as the adapter; after `stop` has completed, everything is ignored.
class host {
public:
    host(const coax_host& table, executor where) : table_(&table), executor_(std::move(where)) {}

    /// The plugin's own executor: one thread, on which every function of the adapter runs.
    executor get_executor() const noexcept { return executor_; }

    bool enabled(level at) const noexcept { return table_->log_enabled(table_->self, static_cast<std::uint32_t>(at)) != 0; }
    void debug(std::string_view event, std::initializer_list<field> fields = {}) const { write(level::debug, event, fields); }
    void info(std::string_view event, std::initializer_list<field> fields = {}) const { write(level::info, event, fields); }
    void warn(std::string_view event, std::initializer_list<field> fields = {}) const { write(level::warn, event, fields); }
    void error(std::string_view event, std::initializer_list<field> fields = {}) const { write(level::error, event, fields); }

    void write(level at, std::string_view event, std::initializer_list<field> fields) const
    {
        if (!enabled(at)) return;
        std::vector<coax_pair> pairs;
        pairs.reserve(fields.size());
        for (const auto& one : fields) pairs.push_back({detail::to_abi(one.key), detail::to_abi(one.value)});
        table_->log(table_->self, static_cast<std::uint32_t>(at), detail::to_abi(event), pairs.data(), pairs.size());
    }

    /// Metrics of 1 to 64 of a-z, 0-9, '_', which the host prefixes. Fetch them once, in the constructor.
    metric counter(std::string_view name, std::string_view description) const { return make(COAX_METRIC_COUNTER, name, description); }
    metric gauge(std::string_view name, std::string_view description) const { return make(COAX_METRIC_GAUGE, name, description); }

    /// Hands messages to their listeners, in order and in one go. For one stream, call it in order.
    /// Answers how many were taken, the first n; fewer means overloaded.
    std::size_t deliver(std::span<const message_view> messages) const
    {
        std::array<coax_message, 16> few;
        if (messages.size() <= few.size()) return deliver_as(messages, few.data());
        std::vector<coax_message> many(messages.size());
        return deliver_as(messages, many.data());
    }
    bool deliver(std::string_view stream, std::string_view payload) const
    {
        const message_view one{stream, payload};
        return deliver({&one, 1}) == 1;
    }

    /// The back end is reached and every subscription in force.
    void connected() const noexcept { table_->state(table_->self, COAX_STATE_CONNECTED, nullptr); }
    void connecting() const noexcept { table_->state(table_->self, COAX_STATE_CONNECTING, nullptr); }
    /// The back end is lost. `why` is kept as a code, `words` for people.
    void disconnected(error_code why, std::string_view words = {}) const noexcept
    {
        const auto reason = detail::to_abi(why, words);
        table_->state(table_->self, COAX_STATE_DISCONNECTED, &reason);
    }

private:
    metric make(std::uint32_t kind, std::string_view name, std::string_view description) const
    {
        return {*table_, table_->metric(table_->self, kind, detail::to_abi(name), detail::to_abi(description), nullptr, 0)};
    }

    std::size_t deliver_as(std::span<const message_view> messages, coax_message* to) const
    {
        for (std::size_t i = 0; i < messages.size(); ++i)
            to[i] = {detail::to_abi(messages[i].stream), detail::to_abi(messages[i].payload), detail::to_abi(messages[i].meta)};
        return table_->deliver(table_->self, to, messages.size(), sizeof(coax_message));
    }

    const coax_host* table_;
    executor executor_;
};

} // namespace coax::sdk
