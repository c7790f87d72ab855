// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <variant>

namespace coax {

/// What a client can ask. `identifier` is the exact text, compared byte for byte.
struct subscribe_command {
    std::string identifier;
};
struct unsubscribe_command {
    std::string identifier;
};
/// `data` is JSON text inside a JSON string, not parsed here.
struct message_command {
    std::string identifier;
    std::string data;
};
/// `{"command":"ping"}`: answered with a pong message.
struct ping_command {};
/// `{"command":"pong"}`: a sign of life.
struct pong_command {};

using command = std::variant<subscribe_command, unsubscribe_command, message_command, ping_command, pong_command>;

} // namespace coax
