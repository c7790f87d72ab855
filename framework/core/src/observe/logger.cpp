// SPDX-License-Identifier: MIT
#include <coax/log.hpp>

#include "observe/line_writer.hpp"

#include <cerrno>
#include <cstdint>
#include <ctime>

#include <unistd.h>

namespace coax {

bool parse_log_level(std::string_view text, log_level& level) noexcept
{
    for (const log_level candidate : {log_level::debug, log_level::info, log_level::warn, log_level::error, log_level::off}) {
        if (text == level_name(candidate)) {
            level = candidate;
            return true;
        }
    }
    return false;
}

std::string_view level_name(log_level level) noexcept
{
    switch (level) {
    case log_level::debug: return "debug";
    case log_level::info: return "info";
    case log_level::warn: return "warn";
    case log_level::error: return "error";
    case log_level::off: break;
    }
    return "off";
}

void append_timestamp(std::string& out, std::chrono::system_clock::time_point when)
{
    const auto ms = std::chrono::floor<std::chrono::milliseconds>(when.time_since_epoch()).count();
    std::int64_t seconds = ms / 1000;
    std::int64_t fraction = ms % 1000;
    if (fraction < 0) { // before 1970
        fraction += 1000;
        --seconds;
    }
    const std::time_t time = static_cast<std::time_t>(seconds);
    std::tm parts{};
    ::gmtime_r(&time, &parts);
    const auto put = [&](long value, int digits) {
        std::string text = std::to_string(value);
        if (text.size() < static_cast<std::size_t>(digits)) out.append(static_cast<std::size_t>(digits) - text.size(), '0');
        out += text;
    };
    put(parts.tm_year + 1900L, 4);
    out += '-';
    put(parts.tm_mon + 1L, 2);
    out += '-';
    put(parts.tm_mday, 2);
    out += 'T';
    put(parts.tm_hour, 2);
    out += ':';
    put(parts.tm_min, 2);
    out += ':';
    put(parts.tm_sec, 2);
    out += '.';
    put(static_cast<long>(fraction), 3);
    out += 'Z';
}

void line_writer::write(std::string_view line) noexcept
{
    const int saved_errno = errno; // callers log between a failed call and their look at errno
    try {
        const std::lock_guard lock(mutex_);
        std::string mended;
        if (is_torn_) {
            mended.reserve(line.size() + 1);
            mended += '\n';
            mended += line;
            line = mended;
        }
        std::size_t written = 0;
        while (written < line.size()) {
            const ::ssize_t n = ::write(fd_, line.data() + written, line.size() - written);
            if (n > 0) written += static_cast<std::size_t>(n);
            else if (n < 0 && errno == EINTR) continue;
            else break;
        }
        if (written > 0) is_torn_ = written < line.size();
    } catch (...) { // out of memory, or a lock the system cannot give: the line is lost, the server is not
    }
    errno = saved_errno;
}

} // namespace coax
