// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace coax {

/// The line and headers of one HTTP/1 request, as `request_reader` hands them out. Requests with a body are refused before.
///
/// Header names are lower-case, values without outer blanks, in the order received; a name may occur more than once.
struct http_request {
    std::string method;                 ///< as sent: `GET`
    std::string target;                 ///< origin form with the query: `/cable?a=1`, or `*`
    unsigned version = 11;              ///< 10 or 11
    std::vector<std::pair<std::string, std::string>> headers;

    /// The target without its query.
    std::string_view path() const noexcept;
    /// The first header of that lower-case name, or nothing.
    std::string_view header(std::string_view name) const noexcept;
    std::size_t count(std::string_view name) const noexcept;
    /// All lines of that name joined with ", ", as RFC 9110 5.3 lets a list header be read.
    std::string joined(std::string_view name) const;
    /// Whether a comma-separated header has that token; compared without case, over all its lines.
    bool has_token(std::string_view name, std::string_view token) const noexcept;
    /// Whether the client asks for a WebSocket: `GET`, `Connection` with upgrade, `Upgrade` with websocket.
    /// Source: action-cable-framework.md 1.1.
    bool is_websocket_upgrade() const noexcept;
};

/// Compares ASCII letters without case.
bool equals_ignoring_case(std::string_view a, std::string_view b) noexcept;
/// ASCII letters to lower case.
std::string to_lower(std::string_view text);
/// Without spaces and tabs at both ends.
std::string_view trimmed(std::string_view text) noexcept;

} // namespace coax
