// SPDX-License-Identifier: MIT
#pragma once

#include "net/forwarded.hpp"
#include "net/http_request.hpp"
#include "net/origin.hpp"
#include "protocol/subprotocol.hpp"

#include <coax/config.hpp>
#include <coax/session_env.hpp>

#include <optional>
#include <string>
#include <variant>

namespace coax {

/// A request that may become a session.
struct accepted_handshake {
    session_env env;                    ///< all headers; `remote_address` is the client's, in front of trusted proxies
    std::string key;                    ///< `Sec-WebSocket-Key`, checked
    negotiated_protocol protocol;
    std::optional<std::string> deflate; ///< `Sec-WebSocket-Extensions` of the answer: the session compresses; nothing: it does not
};

/// A request that is answered and closed.
struct refused_handshake {
    unsigned status;
    std::string reason;     ///< for the log: what was wrong and, where one exists, the setting that changes it
    std::string response;   ///< whole, as it goes to the socket; tells the client less than `reason`
};

/// Decides whether an upgrade request becomes a session, and what both sides agreed on (sans-I/O).
///
/// In this order: HTTP/1.1 (400), an upgrade at all (404), version 13 (426), origin (403), key (400). `X-Request-ID` is only a
/// header here: a session id is never taken from a client.
/// Thread rule: immutable, shared by all shards. Source: action-cable-framework.md 1.1; wire-protocol.md 1.1; A12, F#1.
class handshake {
public:
    /// `deflate`: permessage-deflate may be agreed on.
    /// Errors: throws startup_error for settings that make no sense, naming them.
    handshake(const handshake_config& settings, bool deflate);

    std::variant<accepted_handshake, refused_handshake> check(http_request request, const peer_info& peer) const;

private:
    trusted_proxies proxies_;
    origin_policy origins_;
    bool deflate_;
};

} // namespace coax
