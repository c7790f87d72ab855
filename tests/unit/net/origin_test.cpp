// SPDX-License-Identifier: MIT
#include "net/origin.hpp"
#include "request_text.hpp"

#include <coax/error.hpp>

using namespace coax;
using namespace coax::test;
using Catch::Matchers::Contains;

namespace {

using headers = std::vector<std::pair<std::string, std::string>>;

handshake_config settings(std::vector<std::string> allowed = {})
{
    handshake_config result;
    result.allowed_origins = std::move(allowed);
    result.trusted_proxies = {"10.0.0.1"};
    return result;
}

// Why a request with these headers is refused; empty if it passes.
std::string refusal(const handshake_config& config, headers sent, const peer_info& peer)
{
    http_request request{"GET", "/cable", 11, std::move(sent)};
    trusted_proxies proxies(config.trusted_proxies);
    return origin_policy(config).refusal(request, proxies.seen_by_client(request, peer)).value_or("");
}

bool passes(const handshake_config& config, const std::string& origin, const std::string& host = "app.test")
{
    return refusal(config, {{"host", host}, {"origin", origin}}, {"192.0.2.7"}).empty();
}

} // namespace

TEST_CASE("F#1 A15: the origin matrix", "[origin]")
{
    const peer_info proxy{"10.0.0.1"};
    const peer_info stranger{"192.0.2.7"};
    const peer_info over_tls{"192.0.2.7", true};
    struct row {
        const char* what;
        headers sent;
        peer_info peer;
        bool accepted;
    };
    const row matrix[] = {
        {"no Origin", {{"host", "h:81"}}, stranger, true},
        {"same host, plain", {{"host", "h:81"}, {"origin", "http://h:81"}}, stranger, true},
        {"https page, plain server", {{"host", "h:81"}, {"origin", "https://h:81"}}, stranger, false},
        {"http page, TLS server", {{"host", "h"}, {"origin", "http://h"}}, over_tls, false},
        {"https page, TLS server", {{"host", "h"}, {"origin", "https://h"}}, over_tls, true},
        {"other port", {{"host", "h:81"}, {"origin", "http://h:82"}}, stranger, false},
        {"other host", {{"host", "h"}, {"origin", "http://evil"}}, stranger, false},
        {"letter case", {{"host", "App.Test"}, {"origin", "HTTP://app.test"}}, stranger, true},
        {"usual port written in Host", {{"host", "h:80"}, {"origin", "http://h"}}, stranger, true},
        {"the other scheme's usual port", {{"host", "h:443"}, {"origin", "http://h"}}, stranger, false},
        {"IPv6 literal", {{"host", "[::1]:81"}, {"origin", "http://[::1]:81"}}, stranger, true},
        {"null", {{"host", "h"}, {"origin", "null"}}, stranger, false},
        {"no host at all", {{"origin", "http://h"}}, stranger, false},
        {"empty host and empty origin", {{"host", ""}, {"origin", "http://"}}, stranger, false},
        {"two origins", {{"host", "h"}, {"origin", "http://h"}, {"origin", "http://h"}}, stranger, false},
        {"last forwarded host", {{"host", "i"}, {"x-forwarded-host", "a.com, b.com"}, {"origin", "http://b.com"}}, proxy, true},
        {"first forwarded host", {{"host", "i"}, {"x-forwarded-host", "a.com, b.com"}, {"origin", "http://a.com"}}, proxy, false},
        {"forwarded host in two lines", {{"host", "i"}, {"x-forwarded-host", "a.com"}, {"x-forwarded-host", "b.com"}, {"origin", "http://b.com"}}, proxy, true},
        {"inner host behind a proxy", {{"host", "internal"}, {"x-forwarded-host", "proxy"}, {"origin", "http://internal"}}, proxy, false},
        {"forwarded port differs", {{"host", "i"}, {"x-forwarded-host", "p:3000"}, {"origin", "http://p"}}, proxy, false},
        {"forwarded https", {{"host", "host"}, {"x-forwarded-proto", "https"}, {"origin", "https://host"}}, proxy, true},
        {"forwarded https, http page", {{"host", "host"}, {"x-forwarded-proto", "https"}, {"origin", "http://host"}}, proxy, false},
        {"forwarded ssl on", {{"host", "host"}, {"x-forwarded-ssl", "on"}, {"origin", "https://host"}}, proxy, true},
        {"D21: forwarded host of a stranger", {{"host", "i"}, {"x-forwarded-host", "b.com"}, {"origin", "http://b.com"}}, stranger, false},
        {"D21: forwarded https of a stranger", {{"host", "host"}, {"x-forwarded-proto", "https"}, {"origin", "https://host"}}, stranger, false},
        {"D21: a stranger's header does not hide the host", {{"host", "i"}, {"x-forwarded-host", "b"}, {"origin", "http://i"}}, stranger, true},
    };
    for (const auto& row : matrix) {
        INFO(row.what);
        CHECK(refusal(settings(), row.sent, row.peer).empty() == row.accepted);
    }
}

TEST_CASE("F#1: a listed origin passes only as it is written", "[origin]")
{
    auto config = settings({" https://example.com ", "", "http://localhost:3000"});
    CHECK(passes(config, "https://example.com"));
    CHECK(passes(config, "https://EXAMPLE.com:443"));
    CHECK(passes(config, "http://localhost:3000"));
    CHECK_FALSE(passes(config, "http://example.com"));
    CHECK_FALSE(passes(config, "https://example.com:8443"));
    CHECK_FALSE(passes(config, "https://example.com.evil.test"));
    CHECK_FALSE(passes(config, "https://example.com/path"));
    CHECK_FALSE(passes(config, "https://user@example.com"));
    CHECK_FALSE(passes(config, "http://localhost:3001"));
}

TEST_CASE("F#1: a wildcard stands for one label or more", "[origin]")
{
    auto config = settings({"https://*.example.com"});
    CHECK(passes(config, "https://a.example.com"));
    CHECK(passes(config, "https://a.b.example.com"));
    CHECK_FALSE(passes(config, "https://example.com"));
    CHECK_FALSE(passes(config, "https://evilexample.com"));
    CHECK_FALSE(passes(config, "https://.example.com"));
    CHECK_FALSE(passes(config, "http://a.example.com"));
    CHECK_FALSE(passes(config, "https://a.example.com:8443"));
    CHECK_FALSE(passes(config, "https://evil.test#.example.com"));
}

TEST_CASE("F#1: a pattern may leave the port open, and one star passes every origin", "[origin]")
{
    auto local = settings({"http://localhost:*"});
    CHECK(passes(local, "http://localhost"));
    CHECK(passes(local, "http://localhost:5173"));
    CHECK_FALSE(passes(local, "https://localhost:5173"));
    CHECK(passes(settings({"*"}), "https://anything.test"));
    CHECK(passes(settings({"*"}), "null"));
}

TEST_CASE("F#1: the switches of the origin check", "[origin]")
{
    auto strict = settings();
    strict.require_origin = true;
    CHECK_THAT(refusal(strict, {{"host", "h"}}, {"192.0.2.7"}), Contains("handshake.require_origin"));
    strict.allowed_origins = {"*"};
    CHECK_FALSE(refusal(strict, {{"host", "h"}}, {"192.0.2.7"}).empty());

    auto listed_only = settings({"https://example.com"});
    listed_only.allow_same_origin = false;
    CHECK_FALSE(passes(listed_only, "http://app.test", "app.test"));
    CHECK(passes(listed_only, "https://example.com", "app.test"));

    auto off = strict;
    off.disable_origin_check = true;
    CHECK(passes(off, "https://evil.test"));
    CHECK(refusal(off, {{"host", "h"}}, {"192.0.2.7"}).empty());
}

TEST_CASE("P17: a refusal names the origin, the host as seen and the setting to change", "[origin]")
{
    auto reason = refusal(settings(), {{"host", "internal:81"}, {"x-forwarded-host", "shop.test"}, {"origin", "https://shop.test"}}, {"192.0.2.7"});
    CHECK_THAT(reason, Contains("https://shop.test") && Contains("http://internal:81") && Contains("handshake.allowed_origins")
                           && Contains("handshake.trusted_proxies"));
    CHECK_THAT(refusal(settings(), {{"host", "h"}, {"origin", "http://evil"}}, {"192.0.2.7"}), !Contains("trusted_proxies"));
    CHECK(refusal(settings(), {{"host", "h"}, {"origin", std::string(10'000, 'x')}}, {"192.0.2.7"}).size() < 500);
}

TEST_CASE("a pattern that is no origin stops the start and names itself", "[origin]")
{
    for (auto text : {"example.com", "https://", "https://example.com/", "*example.com", "https://*example.com", "https://a.*.com",
                      "https://*.", "https://a:port", "https://*"}) {
        INFO(text);
        CHECK_THROWS_WITH(origin_policy(settings({text})), Contains("handshake.allowed_origins") && Contains(text));
    }
}
