// SPDX-License-Identifier: MIT
#include "names.hpp"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <random>

namespace chat {

namespace {

constexpr std::size_t max_room_size = 32;
constexpr std::size_t max_name_characters = 24;
constexpr std::string_view blanks = " \t\r\n\v\f";

/// Takes one character off the front of `text`; nothing if the bytes are not UTF-8 (overlong, surrogate, cut off, too large).
std::optional<std::uint32_t> take_character(std::string_view& text) noexcept
{
    const auto lead = static_cast<unsigned char>(text.front());
    const std::size_t size = lead < 0x80 ? 1 : lead >= 0xC2 && lead < 0xE0 ? 2 : (lead & 0xF0) == 0xE0 ? 3 : lead >= 0xF0 && lead < 0xF5 ? 4 : 0;
    if (size == 0 || text.size() < size) return std::nullopt;
    std::uint32_t character = size == 1 ? lead : lead & (0x7Fu >> size);
    for (std::size_t i = 1; i < size; ++i) {
        const auto next = static_cast<unsigned char>(text[i]);
        if ((next & 0xC0) != 0x80) return std::nullopt;
        character = character << 6 | (next & 0x3Fu);
    }
    constexpr std::uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
    if (character < smallest[size] || character > 0x10FFFF || (character >= 0xD800 && character < 0xE000)) return std::nullopt;
    text.remove_prefix(size);
    return character;
}

bool is_invisible(std::uint32_t c) noexcept
{
    return c < 0x20 || (c >= 0x7F && c <= 0xA0)  // control characters, no-break space
           || (c >= 0x2000 && c <= 0x200F)       // wide and zero-width blanks, direction marks
           || (c >= 0x2028 && c <= 0x202F) || (c >= 0x205F && c <= 0x206F) // separators, embeddings, isolates
           || c == 0x3000 || c == 0xFEFF || c == 0x00AD || c == 0x061C;
}

} // namespace

bool is_room_name(std::string_view text) noexcept
{
    const auto allowed = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_'; };
    return !text.empty() && text.size() <= max_room_size && std::all_of(text.begin(), text.end(), allowed);
}

bool is_display_name(std::string_view text) noexcept
{
    if (text.empty() || trimmed(text).size() != text.size()) return false;
    std::size_t characters = 0;
    while (!text.empty()) {
        const auto character = take_character(text);
        if (!character || is_invisible(*character) || ++characters > max_name_characters) return false;
    }
    return true;
}

std::string_view trimmed(std::string_view text) noexcept
{
    const auto first = text.find_first_not_of(blanks);
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

std::string percent_decoded(std::string_view text)
{
    std::string result;
    result.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        unsigned value = 0;
        if (text[i] == '%' && i + 2 < text.size()) {
            const char* const end = text.data() + i + 3;
            if (std::from_chars(text.data() + i + 1, end, value, 16).ptr == end) {
                result += static_cast<char>(value);
                i += 2;
                continue;
            }
        }
        result += text[i];
    }
    return result;
}

std::string make_guest_name()
{
    constexpr std::string_view alphabet = "abcdefghijkmnpqrstuvwxyz23456789"; // without characters that look alike
    static_assert(alphabet.size() == 32);
    std::random_device random;
    std::string name = "guest-";
    for (auto bits = random(); name.size() < 10; bits >>= 5) name += alphabet[bits % alphabet.size()];
    return name;
}

} // namespace chat
