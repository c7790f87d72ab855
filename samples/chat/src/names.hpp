// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

namespace chat {

/// A room's name: 1 to 32 of `a-z`, `0-9`, `-` and `_`. It becomes part of a stream name.
bool is_room_name(std::string_view text) noexcept;

/// A person's name: 1 to 24 characters of valid UTF-8 (it is broadcast, and one bad byte would cost every receiver the
/// connection), no control or direction characters (nobody should be able to look like somebody else), no blank at either end.
bool is_display_name(std::string_view text) noexcept;

/// `text` without blanks at its ends.
std::string_view trimmed(std::string_view text) noexcept;

/// Decodes `%20` and the like; anything else stays as it is. For cookies, which arrive as sent.
std::string percent_decoded(std::string_view text);

/// `guest-` and four random characters.
std::string make_guest_name();

} // namespace chat
