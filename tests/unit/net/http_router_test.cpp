// SPDX-License-Identifier: MIT
#include "net/http_response.hpp"
#include "net/http_router.hpp"
#include "request_text.hpp"

using namespace coax;
using namespace coax::test;

namespace {

const std::chrono::system_clock::time_point now{std::chrono::seconds(784'111'777)};

http_router::decision decide(const http_request& request, bool is_serving = true)
{
    http_router router("/cable", "/health");
    router.add_page("/", "text/html; charset=utf-8", "<h1>hello</h1>");
    router.add_page("/health", "text/plain", "hidden");
    return router.decide(request, is_serving, now);
}

http_request plain(std::string method, std::string target) { return {std::move(method), std::move(target), 11, {{"host", "a"}}}; }

} // namespace

TEST_CASE("A1 F#1: an upgrade at the cable's path goes to the handshake, with or without a query", "[router]")
{
    auto request = upgrade_request();
    CHECK(decide(request).is_cable);
    request.target = "/cable?token=1";
    CHECK(decide(request).is_cable);
}

TEST_CASE("F#1: the cable's path is matched exactly", "[router]")
{
    for (auto target : {"/cablefoo", "/cable/", "/Cable", "//cable", "/%63able"}) {
        auto request = upgrade_request();
        request.target = target;
        auto decision = decide(request);
        CHECK_FALSE(decision.is_cable);
        CHECK(decision.status == 404);
    }
}

TEST_CASE("F#1/A7: what is no upgrade gets 404 at the cable's path", "[router]")
{
    auto post = upgrade_request();
    post.method = "POST";
    for (const auto& request : {plain("GET", "/cable"), post, upgrade_request({{"connection", "keep-alive"}}), upgrade_request({{"upgrade", "h2c"}})}) {
        auto decision = decide(request);
        CHECK_FALSE(decision.is_cable);
        CHECK(decision.status == 404);
        CHECK(has_line(decision.response, "HTTP/1.1 404 Not Found"));
        CHECK(has_line(decision.response, "Content-Type: text/plain; charset=utf-8"));
        CHECK(has_line(decision.response, "Content-Length: 14"));
        CHECK(has_line(decision.response, "Connection: close"));
        CHECK(body_of(decision.response) == "Page not found");
    }
}

TEST_CASE("F#1: an upgrade is known in any letter case and among other tokens", "[router]")
{
    CHECK(decide(upgrade_request({{"connection", "keep-alive, UPGRADE"}, {"upgrade", "h2c, WebSocket"}})).is_cable);
    auto two_lines = upgrade_request({{"connection", "keep-alive"}});
    two_lines.headers.emplace_back("connection", "upgrade");
    CHECK(decide(two_lines).is_cable);
    CHECK_FALSE(decide(upgrade_request({{"connection", "upgraded"}})).is_cable);
}

TEST_CASE("F#1: the health check answers 200 with a date, before everything else, and 503 while stopping", "[router]")
{
    auto well = decide(plain("GET", "/health?x=1"));
    CHECK(has_line(well.response, "HTTP/1.1 200 OK"));
    CHECK(has_line(well.response, "Content-Type: text/html"));
    CHECK(has_line(well.response, "Date: Sun, 06 Nov 1994 08:49:37 GMT"));
    CHECK(has_line(well.response, "Content-Length: 0"));
    CHECK(body_of(well.response).empty());
    auto upgrade = upgrade_request();
    upgrade.target = "/health";
    CHECK(decide(upgrade).status == 200);
    CHECK(decide(plain("GET", "/health"), false).status == 503);
    auto report = http_router("/cable", "/health").decide(plain("GET", "/health"), {false, "{\"status\":\"stopping\"}"}, now);
    CHECK(report.status == 503);
    CHECK(has_line(report.response, "Content-Type: application/json"));
    CHECK(body_of(report.response) == "{\"status\":\"stopping\"}");
    CHECK(decide(plain("POST", "/health")).status == 405);
}

TEST_CASE("a cable without a health path serves none", "[router]")
{
    http_router router("/cable", "");
    CHECK(router.decide(plain("GET", ""), true, now).status == 404);
    CHECK(router.decide(plain("GET", "/health"), true, now).status == 404);
}

TEST_CASE("a page is answered to GET and HEAD only", "[router]")
{
    auto get = decide(plain("GET", "/?v=2"));
    CHECK(get.status == 200);
    CHECK(has_line(get.response, "Content-Type: text/html; charset=utf-8"));
    CHECK(has_line(get.response, "Content-Length: 14"));
    CHECK(body_of(get.response) == "<h1>hello</h1>");
    auto head = decide(plain("HEAD", "/"));
    CHECK(has_line(head.response, "Content-Length: 14"));
    CHECK(body_of(head.response).empty());
    auto post = decide(plain("POST", "/"));
    CHECK(post.status == 405);
    CHECK(has_line(post.response, "Allow: GET, HEAD"));
    CHECK(decide(plain("GET", "/missing")).status == 404);
}
