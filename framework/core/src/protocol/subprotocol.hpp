// SPDX-License-Identifier: MIT
#pragma once

#include "protocol/codec.hpp"

#include <string>
#include <string_view>

namespace coax {

/// What came out of the handshake's `Sec-WebSocket-Protocol`.
struct negotiated_protocol {
    std::string response;           ///< the header's value in the 101; empty: no header
    const codec* protocol;          ///< never null: without agreement a session speaks v1
    bool offered_unsupported = false; ///< `actioncable-unsupported` was offered: the stock Rails client
};

/// The first name in the client's list that we know (`actioncable-v1-json`, `actioncable-unsupported`), compared exactly;
/// `offers` is all header lines joined with commas. Source: action-cable-framework.md 1.1.
negotiated_protocol negotiate_subprotocol(std::string_view offers);

} // namespace coax
