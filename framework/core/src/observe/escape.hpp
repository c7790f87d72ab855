// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace coax {

/// Longest value that a line carries; what is beyond is replaced by `...(N bytes more)`.
inline constexpr std::size_t max_value_size = 4096;

/// Appends `text` as a value of a text line: bare if it is one plain word, else in double quotes with escapes.
///
/// Whatever the bytes are, the result has no line break, no control character and no unpaired quote, so that a value
/// that came from a client can neither end its line nor look like another field. Bytes that are not UTF-8: `\xNN`.
void append_text_value(std::string& out, std::string_view text);

/// Appends `text` as a JSON string with its quotes; bytes that are not UTF-8 become U+FFFD.
void append_json_string(std::string& out, std::string_view text);

/// Appends `text` as a key or event name of a text line: every byte outside `[A-Za-z0-9_.-]` becomes `_`.
void append_log_key(std::string& out, std::string_view text);

} // namespace coax
