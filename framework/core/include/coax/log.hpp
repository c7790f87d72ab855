// SPDX-License-Identifier: MIT
#pragma once

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace coax {

enum class log_level : std::uint8_t { debug, info, warn, error, off };

/// A key and its value, already text. Numbers and booleans convert.
struct log_field {
    std::string_view key;
    std::string value;

    log_field(std::string_view k, std::string v) : key(k), value(std::move(v)) {}
    log_field(std::string_view k, std::string_view v) : key(k), value(v) {}
    log_field(std::string_view k, const char* v) : key(k), value(v) {}
    log_field(std::string_view k, bool v) : key(k), value(v ? "true" : "false") {}
    template <class Number>
        requires((std::integral<Number> || std::floating_point<Number>) && !std::same_as<Number, bool>)
    log_field(std::string_view k, Number v) : key(k), value(std::to_string(v)) {}
};

/// One thing that happened, as a sink gets it. Views are valid during the call.
struct log_event {
    log_level level;
    std::string_view name; ///< such as `session.opened`
    const std::vector<std::pair<std::string, std::string>>* context; ///< fields of `logger::with`, may be null
    const log_field* fields;
    std::size_t field_count;
};

/// Where lines go. Thread rule: any thread, concurrently; must not throw.
class log_sink {
public:
    virtual ~log_sink() = default;
    virtual void write(const log_event& event) noexcept = 0;
};

/// A sink that writes `2026-11-22T10:00:00.000Z info server.started key=value` lines to file descriptor `fd`.
std::shared_ptr<log_sink> make_text_sink(int fd);
/// A sink that writes one JSON object per line to file descriptor `fd`.
std::shared_ptr<log_sink> make_json_sink(int fd);

/// Writes events to a sink. A small value: copy it. Below the level an event costs one comparison.
///
/// Thread rule: any thread. A default-constructed logger writes nothing.
class logger {
public:
    logger() = default;
    logger(std::shared_ptr<log_sink> sink, log_level level) : sink_(std::move(sink)), level_(level) {}

    bool enabled(log_level level) const noexcept { return sink_ && level >= level_; }

    void debug(std::string_view event, std::initializer_list<log_field> fields = {}) const { write(log_level::debug, event, fields); }
    void info(std::string_view event, std::initializer_list<log_field> fields = {}) const { write(log_level::info, event, fields); }
    void warn(std::string_view event, std::initializer_list<log_field> fields = {}) const { write(log_level::warn, event, fields); }
    void error(std::string_view event, std::initializer_list<log_field> fields = {}) const { write(log_level::error, event, fields); }

    void write(log_level level, std::string_view event, std::initializer_list<log_field> fields) const
    {
        if (enabled(level)) write_fields(level, event, fields.begin(), fields.size());
    }
    void write_fields(log_level level, std::string_view event, const log_field* fields, std::size_t count) const
    {
        if (enabled(level)) sink_->write(log_event{level, event, context_.get(), fields, count});
    }

    /// The same logger with one more field on every line.
    logger with(std::string key, std::string value) const
    {
        logger next(*this);
        auto context = context_ ? std::make_shared<context_type>(*context_) : std::make_shared<context_type>();
        context->emplace_back(std::move(key), std::move(value));
        next.context_ = std::move(context);
        return next;
    }

private:
    using context_type = std::vector<std::pair<std::string, std::string>>;
    std::shared_ptr<log_sink> sink_;
    std::shared_ptr<const context_type> context_;
    log_level level_ = log_level::off;
};

/// `debug`, `info`, `warn`, `error`, `off` to a level; anything else: false.
bool parse_log_level(std::string_view text, log_level& level) noexcept;

} // namespace coax
