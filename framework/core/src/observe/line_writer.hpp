// SPDX-License-Identifier: MIT
#pragma once

#include <coax/log.hpp>

#include <chrono>
#include <mutex>
#include <string>
#include <string_view>

namespace coax {

/// Writes whole lines to a file descriptor that it does not own.
///
/// One line is one write(2). A line is dropped when the descriptor is full (non-blocking) or broken: logging must
/// not stop a server. Thread rule: any thread; the lock keeps lines above PIPE_BUF whole.
class line_writer {
public:
    explicit line_writer(int fd) noexcept : fd_(fd) {}

    /// `line` ends with a line feed.
    void write(std::string_view line) noexcept;

private:
    int fd_;
    std::mutex mutex_;
    bool is_torn_ = false; ///< the last line was cut by a full descriptor: the next one begins on a fresh line
};

/// `2026-11-22T10:00:00.000Z`.
void append_timestamp(std::string& out, std::chrono::system_clock::time_point when);

/// `debug`, `info`, `warn` or `error`.
std::string_view level_name(log_level level) noexcept;

/// Calls `visit(key, value)` for the fields of `event`, those of the context first. A key that occurs again later is
/// visited once, with its last value.
template <class Visit>
void visit_fields(const log_event& event, Visit visit)
{
    const auto has_field = [&](std::string_view key, std::size_t from) {
        for (std::size_t i = from; i < event.field_count; ++i)
            if (event.fields[i].key == key) return true;
        return false;
    };
    if (event.context) {
        const auto& context = *event.context;
        for (std::size_t i = 0; i < context.size(); ++i) {
            bool is_replaced = has_field(context[i].first, 0);
            for (std::size_t k = i + 1; !is_replaced && k < context.size(); ++k) is_replaced = context[k].first == context[i].first;
            if (!is_replaced) visit(std::string_view(context[i].first), std::string_view(context[i].second));
        }
    }
    for (std::size_t i = 0; i < event.field_count; ++i)
        if (!has_field(event.fields[i].key, i + 1)) visit(event.fields[i].key, std::string_view(event.fields[i].value));
}

} // namespace coax
