// SPDX-License-Identifier: MIT
#pragma once

#include "net/request_reader.hpp"
#include "support/catch.hpp"

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace coax::test {

/// A request that the cable accepts, with changes: a header of the same name is replaced, one with an empty value left out.
inline http_request upgrade_request(std::initializer_list<std::pair<std::string, std::string>> changes = {})
{
    http_request request{"GET", "/cable", 11,
                         {{"host", "example.com"},
                          {"connection", "Upgrade"},
                          {"upgrade", "websocket"},
                          {"sec-websocket-version", "13"},
                          {"sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="}}};
    for (const auto& change : changes) {
        std::erase_if(request.headers, [&](const auto& header) { return header.first == change.first; });
        if (!change.second.empty()) request.headers.push_back(change);
    }
    return request;
}

inline std::string_view body_of(std::string_view response)
{
    auto end = response.find("\r\n\r\n");
    REQUIRE(end != std::string_view::npos);
    return response.substr(end + 4);
}

inline bool has_line(std::string_view response, std::string_view line)
{
    auto head = std::string(response.substr(0, response.find("\r\n\r\n"))) + "\r\n";
    return head.find("\r\n" + std::string(line) + "\r\n") != std::string::npos || head.starts_with(std::string(line) + "\r\n");
}

} // namespace coax::test
