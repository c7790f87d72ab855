// SPDX-License-Identifier: MIT
#pragma once

#include "net/forwarded.hpp"
#include "net/http_request.hpp"

#include <coax/config.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace coax {

/// An origin in comparable form: lower-case `scheme://host`, with `:port` unless it is the scheme's usual one.
/// Nothing for what is not an origin: a path, user data, `null`, several values.
std::optional<std::string> canonical_origin(std::string_view text);

/// Decides whether a page of some origin may open a socket here: the defence against cross-site WebSocket hijacking,
/// since cookies come along with any page's request.
///
/// Same scheme, host and port pass (`allow_same_origin`), others only if listed; a request without `Origin` passes unless
/// `require_origin` is set. Patterns of `allowed_origins`:
/// - `https://example.com`, `https://example.com:8443`: exactly that origin;
/// - `https://*.example.com`: one label or more in front, never `example.com` itself nor `evilexample.com`;
/// - `http://localhost:*`: any port;
/// - `*`: any origin, `null` included.
///
/// Thread rule: immutable, any thread. Source: action-cable-framework.md 4.3; architecture.md 7.
class origin_policy {
public:
    /// Errors: throws startup_error for a pattern that is none, naming it and what to write.
    explicit origin_policy(const handshake_config& settings);

    /// Nothing if the request may pass, else why not: a sentence for the log that names the origin, the host as seen, and
    /// the setting that would change it.
    std::optional<std::string> refusal(const http_request& request, const client_view& client) const;

private:
    struct pattern {
        std::string scheme;
        std::string host;       ///< with is_wildcard: the suffix from its dot on
        std::string port;       ///< empty: the scheme's usual one; `*`: any
        bool is_wildcard = false;
    };
    static pattern parse_pattern(std::string_view text);
    bool is_listed(std::string_view origin) const;

    std::vector<pattern> patterns_;
    bool any_origin_ = false;
    bool allow_same_origin_;
    bool require_origin_;
    bool disabled_;
};

} // namespace coax
