// SPDX-License-Identifier: MIT
#include "net/handshake.hpp"
#include "request_text.hpp"

using namespace coax;
using namespace coax::test;
using Catch::Matchers::Contains;

namespace {

const peer_info peer{"192.0.2.7"};

accepted_handshake accept(http_request request, bool deflate = false)
{
    auto outcome = handshake({}, deflate).check(std::move(request), peer);
    REQUIRE(std::holds_alternative<accepted_handshake>(outcome));
    return std::get<accepted_handshake>(std::move(outcome));
}

refused_handshake refuse(http_request request)
{
    auto outcome = handshake({}, false).check(std::move(request), peer);
    REQUIRE(std::holds_alternative<refused_handshake>(outcome));
    return std::get<refused_handshake>(std::move(outcome));
}

} // namespace

TEST_CASE("A12: a good upgrade yields the session's environment with all headers", "[handshake]")
{
    auto request = upgrade_request({{"cookie", "a=1"}, {"x-request-id", "mine"}});
    request.target = "/cable?token=1";
    auto result = accept(std::move(request));
    CHECK(result.env.url == "/cable?token=1");
    CHECK(result.env.remote_address == "192.0.2.7");
    CHECK(result.env.header("cookie") == "a=1");
    CHECK(result.env.headers.size() == 7);
    CHECK(result.key == "dGhlIHNhbXBsZSBub25jZQ==");
    CHECK(result.protocol.response.empty());
    CHECK(result.protocol.protocol != nullptr);
    CHECK_FALSE(result.deflate);
}

TEST_CASE("F#1: the handshake matrix", "[handshake]")
{
    auto old = upgrade_request();
    old.version = 10;
    auto two_keys = upgrade_request();
    two_keys.headers.emplace_back("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==");
    struct row {
        const char* what;
        http_request request;
        unsigned status;
    };
    const row matrix[] = {
        {"HTTP/1.0", old, 400},
        {"no upgrade", upgrade_request({{"upgrade", ""}}), 404},
        {"no version", upgrade_request({{"sec-websocket-version", ""}}), 426},
        {"version 8", upgrade_request({{"sec-websocket-version", "8"}}), 426},
        {"several versions", upgrade_request({{"sec-websocket-version", "13, 8"}}), 426},
        {"foreign origin", upgrade_request({{"origin", "https://evil.test"}}), 403},
        {"no key", upgrade_request({{"sec-websocket-key", ""}}), 400},
        {"short key", upgrade_request({{"sec-websocket-key", "c2hvcnQ="}}), 400},
        {"key of 18 bytes", upgrade_request({{"sec-websocket-key", "MDEyMzQ1Njc4OWFiY2RlZmdo"}}), 400},
        {"key of 4 bytes", upgrade_request({{"sec-websocket-key", "MDEyMw=="}}), 400},
        {"key of 19 bytes", upgrade_request({{"sec-websocket-key", "MDEyMzQ1Njc4OWFiY2RlZmdoaQ=="}}), 400},
        {"key not base64", upgrade_request({{"sec-websocket-key", "!!!!!!!!!!!!!!!!!!!!!!=="}}), 400},
        {"two keys", two_keys, 400},
        {"version before origin", upgrade_request({{"sec-websocket-version", "8"}, {"origin", "https://evil.test"}}), 426},
        {"origin before key", upgrade_request({{"sec-websocket-key", ""}, {"origin", "https://evil.test"}}), 403},
    };
    for (const auto& row : matrix) {
        INFO(row.what);
        auto result = refuse(row.request);
        CHECK(result.status == row.status);
        CHECK(result.response.starts_with("HTTP/1.1 " + std::to_string(row.status) + " "));
        CHECK(has_line(result.response, "Sec-WebSocket-Version: 13"));
        CHECK(has_line(result.response, "Connection: close"));
        CHECK_FALSE(body_of(result.response).empty());
    }
}

TEST_CASE("P17: a refused origin is explained to the log and not to the client", "[handshake]")
{
    auto result = refuse(upgrade_request({{"origin", "https://evil.test"}}));
    CHECK_THAT(result.reason, Contains("https://evil.test") && Contains("http://example.com") && Contains("handshake.allowed_origins"));
    CHECK(body_of(result.response) == "Request origin not allowed");
}

TEST_CASE("A18 F#1: the subprotocol is agreed over all header lines", "[handshake]")
{
    auto stock = accept(upgrade_request({{"sec-websocket-protocol", "actioncable-v1-json, actioncable-unsupported"}}));
    CHECK(stock.protocol.response == "actioncable-v1-json");
    CHECK(stock.protocol.offered_unsupported);

    auto lines = upgrade_request({{"sec-websocket-protocol", "foo"}});
    lines.headers.emplace_back("sec-websocket-protocol", "actioncable-v1-json");
    auto result = accept(std::move(lines));
    CHECK(result.protocol.response == "actioncable-v1-json");
    CHECK_FALSE(result.protocol.offered_unsupported);

    CHECK(accept(upgrade_request({{"sec-websocket-protocol", "foo"}})).protocol.response.empty());
}

TEST_CASE("deflate is agreed only if it is on and offered", "[handshake]")
{
    auto offer = upgrade_request({{"sec-websocket-extensions", "permessage-deflate; client_max_window_bits"}});
    CHECK_FALSE(accept(offer, false).deflate);
    CHECK_FALSE(accept(upgrade_request(), true).deflate);
    auto result = accept(offer, true);
    REQUIRE(result.deflate);
    CHECK_THAT(*result.deflate, Contains("permessage-deflate") && Contains("server_no_context_takeover"));
}

TEST_CASE("A15: behind a trusted proxy the environment has the client's address", "[handshake]")
{
    handshake_config settings;
    settings.trusted_proxies = {"192.0.2.7"};
    auto outcome = handshake(settings, false).check(upgrade_request({{"x-forwarded-for", "203.0.113.9"}}), peer);
    REQUIRE(std::holds_alternative<accepted_handshake>(outcome));
    CHECK(std::get<accepted_handshake>(outcome).env.remote_address == "203.0.113.9");
}
