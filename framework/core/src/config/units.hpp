// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace coax {

/// `500ms`, `3s`, `2m` or `1h` to milliseconds; nothing for anything else, such as a number without a unit.
std::optional<std::chrono::milliseconds> parse_duration(std::string_view text) noexcept;

/// `4096`, `64KiB`, `1MiB` or `1GiB` to bytes; nothing for anything else, or above 2^63.
std::optional<std::int64_t> parse_size(std::string_view text) noexcept;

/// A whole number, all of `text`, with nothing around it.
std::optional<std::int64_t> parse_count(std::string_view text) noexcept;

/// The shortest form that `parse_duration` reads back, such as `90s` or `2m`.
std::string format_duration(std::chrono::milliseconds value);

/// The shortest form that `parse_size` reads back, such as `1500` or `64KiB`.
std::string format_size(std::int64_t bytes);

/// `text` as a TOML basic string with its quotes; control characters are escaped, so that it stays on one line.
std::string quote_toml(std::string_view text);

} // namespace coax
