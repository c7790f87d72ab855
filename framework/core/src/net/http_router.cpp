// SPDX-License-Identifier: MIT
#include "net/http_router.hpp"

#include "net/http_response.hpp"

#include <utility>

namespace coax {

namespace {

constexpr std::string_view plain_text = "text/plain; charset=utf-8";

http_router::decision respond(const http_request& request, unsigned status, std::string_view content_type, std::string_view body,
                              const header_list& headers)
{
    bool is_head = request.method == "HEAD";
    return {false, status, is_head ? http_head_response(status, content_type, body, headers) : http_response(status, content_type, body, headers)};
}

} // namespace

http_router::http_router(std::string cable_path, std::string health_path)
    : cable_path_(std::move(cable_path)), health_path_(std::move(health_path))
{
}

void http_router::add_page(std::string path, std::string content_type, std::string body)
{
    pages_.insert_or_assign(std::move(path), page{std::move(content_type), std::move(body)});
}

http_router::decision http_router::decide(const http_request& request, const health_report& health, std::chrono::system_clock::time_point now) const
{
    auto path = request.path();
    bool is_health = !health_path_.empty() && path == health_path_;
    bool is_cable = !is_health && !cable_path_.empty() && path == cable_path_;
    if (is_cable && request.is_websocket_upgrade()) return {true, 0, {}};

    header_list headers{{"Date", http_date(now)}};
    auto not_found = [&] { return respond(request, 404, plain_text, "Page not found", headers); };
    if (is_cable) return not_found();
    auto found = pages_.find(path);
    if (!is_health && found == pages_.end()) return not_found();
    if (request.method != "GET" && request.method != "HEAD") {
        headers.emplace_back("Allow", "GET, HEAD");
        return respond(request, 405, plain_text, "Method not allowed", headers);
    }
    if (is_health) {
        // A balancer must never be answered from a cache.
        headers.emplace_back("Cache-Control", "no-store");
        return respond(request, health.is_serving ? 200 : 503, health.body.empty() ? "text/html" : "application/json", health.body, headers);
    }
    return respond(request, 200, found->second.content_type, found->second.body, headers);
}

} // namespace coax
