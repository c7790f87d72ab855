// SPDX-License-Identifier: MIT
#pragma once

#include "net/http_request.hpp"

#include <boost/asio/ip/address.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace coax {

/// The other end of an accepted socket.
struct peer_info {
    std::string address;    ///< IP address text; empty for a unix socket
    bool is_tls = false;    ///< TLS ends in this server
};

/// The connection as the client sees it, in front of all proxies.
struct client_view {
    std::string scheme;     ///< `http` or `https`
    std::string host;       ///< with its port if one was written; empty if the request names none
    std::string address;    ///< of the client; empty if it came by a unix socket without a proxy's word
};

/// Which peers' `X-Forwarded-*` headers are believed; from all others they are ignored (D21).
///
/// Thread rule: immutable, any thread. Source: action-cable-framework.md 4.3; A15.
class trusted_proxies {
public:
    /// Entries: IP addresses, networks (`10.0.0.0/8`, `fd00::/8`) or `unix` for peers of a unix socket.
    /// Errors: throws startup_error that names the entry and the setting.
    explicit trusted_proxies(const std::vector<std::string>& entries);

    /// Whether that peer is one; `address` is text, empty for a unix socket.
    bool contains(std::string_view address) const;

    /// Scheme, host and address for a request. From a trusted peer: `X-Forwarded-Proto` (its first element) or
    /// `X-Forwarded-Ssl: on`, the last element of `X-Forwarded-Host`, and the last address in `X-Forwarded-For` that is not
    /// itself a trusted proxy.
    client_view seen_by_client(const http_request& request, const peer_info& peer) const;

private:
    struct network {
        boost::asio::ip::address address;
        unsigned prefix;
    };
    std::string forwarded_address(const http_request& request, const std::string& peer) const;

    std::vector<network> networks_;
    bool unix_ = false;
};

/// The address text in its usual form; IPv4 in IPv6 (`::ffff:1.2.3.4`, what a dual-stack socket reports) becomes IPv4.
/// Anything else is returned as it is.
std::string plain_address(std::string_view text);

} // namespace coax
