// SPDX-License-Identifier: MIT
#include "config/units.hpp"

#include <array>
#include <charconv>
#include <limits>
#include <system_error>

namespace coax {
namespace {

struct unit {
    std::string_view name;
    std::int64_t factor;
};

// From large to small: the first that divides a value gives its shortest form.
constexpr std::array duration_units{unit{"h", 3'600'000}, unit{"m", 60'000}, unit{"s", 1'000}, unit{"ms", 1}};
constexpr std::array size_units{unit{"GiB", 1 << 30}, unit{"MiB", 1 << 20}, unit{"KiB", 1 << 10}, unit{"", 1}};

template <std::size_t N>
std::optional<std::int64_t> parse_with_unit(std::string_view text, const std::array<unit, N>& units) noexcept
{
    const std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
    std::int64_t value = 0;
    const auto parsed = std::from_chars(text.data(), text.data() + digits, value);
    if (digits == 0 || parsed.ec != std::errc()) return std::nullopt;
    const std::string_view name = text.substr(digits);
    for (const unit& u : units) {
        if (u.name != name) continue;
        if (value > std::numeric_limits<std::int64_t>::max() / u.factor) return std::nullopt;
        return value * u.factor;
    }
    return std::nullopt;
}

template <std::size_t N>
std::string format_with_unit(std::int64_t value, const std::array<unit, N>& units)
{
    for (const unit& u : units)
        if (value != 0 && value % u.factor == 0) return std::to_string(value / u.factor) + std::string(u.name);
    return "0" + std::string(units.back().name);
}

} // namespace

std::optional<std::chrono::milliseconds> parse_duration(std::string_view text) noexcept
{
    const auto value = parse_with_unit(text, duration_units);
    if (!value) return std::nullopt;
    return std::chrono::milliseconds(*value);
}

std::optional<std::int64_t> parse_size(std::string_view text) noexcept { return parse_with_unit(text, size_units); }

std::optional<std::int64_t> parse_count(std::string_view text) noexcept
{
    std::int64_t value = 0;
    const char* const end = text.data() + text.size();
    const auto parsed = std::from_chars(text.data(), end, value);
    if (text.empty() || parsed.ec != std::errc() || parsed.ptr != end) return std::nullopt;
    return value;
}

std::string format_duration(std::chrono::milliseconds value) { return format_with_unit(value.count(), duration_units); }

std::string format_size(std::int64_t bytes) { return format_with_unit(bytes, size_units); }

std::string quote_toml(std::string_view text)
{
    static constexpr char hex[] = "0123456789abcdef";
    std::string out = "\"";
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        switch (c) {
        case '"': out += "\\\""; break;
        case '\\': out += "\\\\"; break;
        case '\n': out += "\\n"; break;
        case '\r': out += "\\r"; break;
        case '\t': out += "\\t"; break;
        default:
            if (byte < 0x20 || byte == 0x7f) {
                out += "\\u00";
                out += hex[byte >> 4U];
                out += hex[byte & 0xfU];
            } else {
                out += c;
            }
        }
    }
    return out + '"';
}

} // namespace coax
