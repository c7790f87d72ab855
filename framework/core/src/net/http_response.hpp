// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace coax {

using header_list = std::vector<std::pair<std::string, std::string>>;

/// A whole answer as it goes to the socket, with `Content-Length` and `Connection: close`: the caller writes it and closes.
/// An empty `content_type` leaves the header out.
std::string http_response(unsigned status, std::string_view content_type, std::string_view body, const header_list& extra_headers = {});

/// The answer to HEAD: the same headers, `Content-Length` included, and no body.
std::string http_head_response(unsigned status, std::string_view content_type, std::string_view body, const header_list& extra_headers = {});

/// A refusal in plain text: `reason` is the body.
std::string http_error_response(unsigned status, std::string_view reason, const header_list& extra_headers = {});

/// A time as the `Date` header writes it: `Sun, 06 Nov 1994 08:49:37 GMT`.
std::string http_date(std::chrono::system_clock::time_point time);

} // namespace coax
