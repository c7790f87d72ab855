// SPDX-License-Identifier: MIT
#include "net/origin.hpp"

#include <coax/error.hpp>

#include <algorithm>

namespace coax {

namespace {

struct parts {
    std::string scheme;
    std::string host;
    std::string port; // empty: the scheme's usual one
};

bool is_digits(std::string_view text) noexcept
{
    return !text.empty() && text.size() <= 5 && text.find_first_not_of("0123456789") == std::string_view::npos;
}

bool is_usual_port(std::string_view scheme, std::string_view port) noexcept
{
    if (scheme == "http" || scheme == "ws") return port == "80";
    if (scheme == "https" || scheme == "wss") return port == "443";
    return false;
}

// `any_port` lets a port of `*` through, for patterns.
std::optional<parts> split_origin(std::string_view text, bool any_port = false)
{
    auto lower = to_lower(text);
    auto colon = lower.find("://");
    if (colon == std::string::npos || colon == 0) return std::nullopt;
    parts result;
    result.scheme = lower.substr(0, colon);
    if (result.scheme.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789+-.") != std::string::npos) return std::nullopt;
    std::string_view authority = std::string_view(lower).substr(colon + 3);
    if (authority.empty() || authority.find_first_of("/?#@\\, \t\"") != std::string_view::npos) return std::nullopt;

    auto host_end = authority.starts_with('[') ? authority.find(']') : authority.find(':');
    if (authority.starts_with('[')) {
        if (host_end == std::string_view::npos) return std::nullopt;
        ++host_end;
    }
    host_end = std::min(host_end, authority.size());
    result.host = authority.substr(0, host_end);
    auto rest = authority.substr(host_end);
    if (!rest.empty()) {
        auto port = rest.substr(1);
        if (rest.front() != ':' || !(is_digits(port) || (any_port && port == "*"))) return std::nullopt;
        if (!is_usual_port(result.scheme, port)) result.port = port;
    }
    if (result.host.empty()) return std::nullopt;
    return result;
}

std::string join(const parts& origin)
{
    return origin.scheme + "://" + origin.host + (origin.port.empty() ? "" : ":" + origin.port);
}

// What a stranger wrote goes into a log line: bounded, and never empty.
std::string quoted(std::string_view text)
{
    constexpr std::size_t most = 200;
    return "'" + std::string(text.substr(0, most)) + (text.size() > most ? "…'" : "'");
}

} // namespace

std::optional<std::string> canonical_origin(std::string_view text)
{
    auto origin = split_origin(text);
    return origin ? std::optional(join(*origin)) : std::nullopt;
}

origin_policy::origin_policy(const handshake_config& settings)
    : allow_same_origin_(settings.allow_same_origin), require_origin_(settings.require_origin), disabled_(settings.disable_origin_check)
{
    for (const auto& entry : settings.allowed_origins) {
        auto text = trimmed(entry);
        if (text.empty()) continue;
        if (text == "*")
            any_origin_ = true;
        else
            patterns_.push_back(parse_pattern(text));
    }
}

origin_policy::pattern origin_policy::parse_pattern(std::string_view text)
{
    auto origin = split_origin(text, true);
    auto fail = [&] {
        throw config_error("handshake.allowed_origins: '" + std::string(text)
                           + "' is not an origin: write it as https://example.com, https://*.example.com, http://localhost:* or *");
    };
    if (!origin) fail();
    pattern result{origin->scheme, origin->host, origin->port, false};
    if (result.host.starts_with("*.")) {
        result.is_wildcard = true;
        result.host.erase(0, 1);
    }
    // A star anywhere else would not mean what its writer thinks (`*example.com` is also `evilexample.com`).
    if (result.host.find('*') != std::string::npos || result.host == ".") fail();
    return result;
}

bool origin_policy::is_listed(std::string_view text) const
{
    if (any_origin_) return true;
    auto origin = split_origin(text);
    if (!origin) return false;
    return std::any_of(patterns_.begin(), patterns_.end(), [&](const pattern& known) {
        if (known.scheme != origin->scheme || (known.port != "*" && known.port != origin->port)) return false;
        if (!known.is_wildcard) return known.host == origin->host;
        return origin->host.size() > known.host.size() && origin->host.ends_with(known.host);
    });
}

std::optional<std::string> origin_policy::refusal(const http_request& request, const client_view& client) const
{
    if (disabled_) return std::nullopt;
    auto seen = client.host.empty() ? std::string("no host") : quoted(client.scheme + "://" + client.host);
    switch (request.count("origin")) {
    case 0:
        if (!require_origin_) return std::nullopt;
        return "no Origin header (host as seen: " + seen + "); handshake.require_origin = false lets such requests pass";
    case 1: break;
    default: return "several Origin headers (host as seen: " + seen + ")";
    }

    auto text = request.header("origin");
    auto origin = canonical_origin(text);
    auto own = canonical_origin(client.scheme + "://" + client.host);
    if (allow_same_origin_ && origin && own && *origin == *own) return std::nullopt;
    if (is_listed(text)) return std::nullopt;

    auto reason = "origin " + quoted(text) + " is not allowed (host as seen: " + seen + "); add it to handshake.allowed_origins";
    // The usual reason behind a proxy: its headers are there but nobody said that they may be believed.
    if (request.count("x-forwarded-host") + request.count("x-forwarded-proto") > 0)
        reason += ", or the proxy's address to handshake.trusted_proxies if X-Forwarded headers should count";
    return reason;
}

} // namespace coax
