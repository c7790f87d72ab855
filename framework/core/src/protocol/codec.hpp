// SPDX-License-Identifier: MIT
#pragma once

#include "protocol/command.hpp"

#include <coax/result.hpp>
#include <coax/shared_payload.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace coax {

class deflater;

/// Translates between messages and WebSocket text of one subprotocol. Stateless: one object serves all sessions.
/// Its address is the identity by which the hub groups listeners, so a second subprotocol is a second object.
/// Thread rule: any thread.
class codec {
public:
    virtual ~codec() = default;

    /// The name agreed on in the handshake.
    virtual std::string_view subprotocol() const noexcept = 0;

    /// Errors: malformed_command, unknown_command, missing_identifier (also for one above `max_identifier_size`: malformed_command).
    virtual result<command> decode(std::string_view text, std::size_t max_identifier_size) const = 0;

    virtual std::string welcome(std::string_view session_id) const = 0;
    virtual std::string ping(std::int64_t unix_seconds) const = 0;
    virtual std::string pong() const = 0;
    virtual std::string confirm(std::string_view identifier) const = 0;
    virtual std::string reject(std::string_view identifier) const = 0;
    /// `reason` empty: JSON null.
    virtual std::string disconnect(std::string_view reason, bool reconnect) const = 0;

    /// A data message as one frame: `{"identifier":Q,"message":P}`. `quoted_identifier` is JSON text (quote_json), `payload` is
    /// valid JSON and spliced byte for byte. `deflate` not null: compressed if at least `threshold` bytes.
    virtual shared_frame message_frame(std::string_view quoted_identifier, std::string_view payload, deflater* deflate,
                                       std::size_t threshold) const = 0;
};

/// The codec of `actioncable-v1-json`.
const codec& json_codec() noexcept;

/// `text` as a JSON string, quotes included; `<`, `>`, `&`, U+2028 and U+2029 are escaped as Action Cable does.
std::string quote_json(std::string_view text);

/// True if `text` is exactly one JSON value (UTF-8, no lone surrogates, nesting at most 512, no exponent beyond an int).
bool is_json(std::string_view text) noexcept;

} // namespace coax
