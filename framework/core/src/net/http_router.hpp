// SPDX-License-Identifier: MIT
#pragma once

#include "net/http_request.hpp"

#include <chrono>
#include <map>
#include <string>
#include <string_view>
#include <utility>

namespace coax {

/// What the health check says. The body is JSON, or empty.
struct health_report {
    health_report(bool serving, std::string json = {}) : is_serving(serving), body(std::move(json)) {}
    bool is_serving; ///< false while the server stops: 503
    std::string body;
};

/// Which part of the server answers a request.
///
/// Immutable after set-up, so that all shards share one. Thread rule: set-up on one thread, then any thread.
/// Source: action-cable-framework.md 1.1; A1, F#1.
class http_router {
public:
    /// What to do with a request: hand it to the handshake, or write `response` and close.
    struct decision {
        bool is_cable = false;
        unsigned status = 0;    ///< of the response; 0 for the cable
        std::string response;   ///< whole, as it goes to the socket
    };

    /// `cable_path` and `health_path` are compared exactly with the path of the target; an empty one is not served.
    http_router(std::string cable_path, std::string health_path);

    /// A static page, answered to GET and HEAD. Cable and health win over a page of the same path.
    void add_page(std::string path, std::string content_type, std::string body);

    /// `health` answers the health check; `now` goes into `Date`.
    decision decide(const http_request& request, const health_report& health, std::chrono::system_clock::time_point now) const;

private:
    struct page {
        std::string content_type;
        std::string body;
    };
    std::string cable_path_;
    std::string health_path_;
    std::map<std::string, page, std::less<>> pages_;
};

} // namespace coax
