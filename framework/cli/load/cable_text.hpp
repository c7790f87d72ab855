// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace coax::load {

/// A client command as JSON text. `data` empty: no such member. Source: wire-protocol.md 2.1.
std::string command_text(std::string_view command, std::string_view identifier, std::string_view data = {});

/// What a server's message is.
enum class message_type : std::uint8_t { welcome, ping, confirmation, rejection, disconnect, payload, malformed };

struct server_message {
    message_type type = message_type::malformed;
    std::string reason; ///< of a disconnect
};

/// Reads a message's type. Costs a JSON parse.
server_message classify(std::string_view text);

/// True for what is certainly a payload when the subscription is confirmed already; spares the parse. False says nothing.
inline bool is_plain_payload(std::string_view text) noexcept
{
    return text.substr(0, 13) == R"({"identifier")";
}

} // namespace coax::load
