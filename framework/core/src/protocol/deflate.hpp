// SPDX-License-Identifier: MIT
#pragma once

#include <coax/result.hpp>

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace coax {

/// permessage-deflate (RFC 7692), without context takeover both ways only: a compressed frame is made once and shared.

/// The answer to a `Sec-WebSocket-Extensions` offer, or nothing to decline.
/// Declined: `server_max_window_bits` below 15, anything malformed. The first acceptable offer of the list is taken.
std::optional<std::string> negotiate_deflate(std::string_view offers);

/// Compresses messages; one per shard, reset for each message.
class deflater {
public:
    deflater();
    ~deflater();
    /// The message as its frame carries it (without the trailing 00 00 FF FF). The view is valid until the next call.
    std::string_view compress(std::string_view message);

private:
    struct state;
    std::unique_ptr<state> state_;
};

/// Inflates whole messages; one per shard.
class inflater {
public:
    inflater();
    ~inflater();
    /// At most `limit` bytes. The view is valid until the next call.
    /// Errors: errc::payload_too_large above the limit, errc::malformed_command for broken data.
    result<std::string_view> inflate(std::string_view compressed, std::size_t limit);

private:
    struct state;
    std::unique_ptr<state> state_;
};

} // namespace coax
