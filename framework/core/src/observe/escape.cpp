// SPDX-License-Identifier: MIT
#include "observe/escape.hpp"

#include <cstdint>

namespace coax {
namespace {

constexpr char hex_digits[] = "0123456789abcdef";

struct code_point {
    std::uint32_t value;
    std::size_t size; ///< 0: the byte at this place begins no valid sequence
};

bool is_continuation(char c) { return (static_cast<unsigned char>(c) & 0xc0U) == 0x80U; }

code_point decode(std::string_view text)
{
    const auto byte = [&](std::size_t i) { return static_cast<std::uint32_t>(static_cast<unsigned char>(text[i])); };
    const std::uint32_t first = byte(0);
    if (first < 0x80) return {first, 1};
    const std::size_t size = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
    if (first < 0xc2 || first > 0xf4 || text.size() < size) return {0, 0};
    std::uint32_t value = first & (0x7fU >> size);
    for (std::size_t i = 1; i < size; ++i) {
        if (!is_continuation(text[i])) return {0, 0};
        value = (value << 6U) | (byte(i) & 0x3fU);
    }
    const bool is_overlong = (size == 3 && value < 0x800) || (size == 4 && value < 0x10000);
    const bool is_surrogate = value >= 0xd800 && value <= 0xdfff;
    if (is_overlong || is_surrogate || value > 0x10ffff) return {0, 0};
    return {value, size};
}

// What a terminal or a log viewer may take as a command or a line break: C0, DEL, C1, line separators, direction marks.
bool is_unsafe(std::uint32_t c)
{
    return c < 0x20 || (c >= 0x7f && c < 0xa0) || (c >= 0x200e && c <= 0x200f) || (c >= 0x2028 && c <= 0x202e) ||
           (c >= 0x2066 && c <= 0x2069);
}

bool is_plain(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("_.-:/+@%,;?&~#$!()[]<>*|").find(c) != std::string_view::npos;
}

void append_u_escape(std::string& out, std::uint32_t c)
{
    out += "\\u";
    for (unsigned shift = 16; shift > 0;) {
        shift -= 4;
        out += hex_digits[(c >> shift) & 0xfU];
    }
}

enum class invalid_byte { as_hex, as_replacement };

void append_escaped(std::string& out, std::string_view text, invalid_byte on_invalid)
{
    for (std::size_t i = 0; i < text.size();) {
        const code_point c = decode(text.substr(i));
        if (c.size == 0) {
            if (on_invalid == invalid_byte::as_hex) {
                const auto byte = static_cast<unsigned char>(text[i]);
                out += {'\\', 'x', hex_digits[byte >> 4U], hex_digits[byte & 0xfU]};
            } else {
                out += "\xef\xbf\xbd";
            }
            ++i;
            continue;
        }
        switch (c.value) {
        case '"': out += "\\\""; break;
        case '\\': out += "\\\\"; break;
        case '\n': out += "\\n"; break;
        case '\r': out += "\\r"; break;
        case '\t': out += "\\t"; break;
        default:
            if (is_unsafe(c.value)) append_u_escape(out, c.value); // every unsafe one is below U+10000
            else out += text.substr(i, c.size);
        }
        i += c.size;
    }
}

// The part that is written. The cut does not split a sequence of UTF-8.
std::string_view shown_part(std::string_view text)
{
    if (text.size() <= max_value_size) return text;
    std::size_t end = max_value_size;
    for (std::size_t back = 0; back < 3 && is_continuation(text[end]); ++back) --end;
    return text.substr(0, end);
}

void append_rest_note(std::string& out, std::size_t rest)
{
    if (rest == 0) return;
    out += "...(";
    out += std::to_string(rest);
    out += " bytes more)";
}

} // namespace

void append_text_value(std::string& out, std::string_view text)
{
    bool bare = !text.empty() && text.size() <= max_value_size;
    for (std::size_t i = 0; bare && i < text.size(); ++i) bare = is_plain(text[i]);
    if (bare) {
        out += text;
        return;
    }
    const std::string_view shown = shown_part(text);
    out += '"';
    append_escaped(out, shown, invalid_byte::as_hex);
    append_rest_note(out, text.size() - shown.size());
    out += '"';
}

void append_json_string(std::string& out, std::string_view text)
{
    const std::string_view shown = shown_part(text);
    out += '"';
    append_escaped(out, shown, invalid_byte::as_replacement);
    append_rest_note(out, text.size() - shown.size());
    out += '"';
}

void append_log_key(std::string& out, std::string_view text)
{
    if (text.empty()) out += '_';
    for (const char c : text.substr(0, 128)) {
        const bool is_key_char = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.' || c == '-';
        out += is_key_char ? c : '_';
    }
}

} // namespace coax
