// SPDX-License-Identifier: MIT
#pragma once

#include <coax/session_env.hpp>

#include <string>
#include <vector>

namespace coax {

/// What logic answered to a command.
enum class command_status {
    success, ///< done; for a subscribe: confirmed
    failure, ///< the application said no; for a subscribe: rejected
    error,   ///< the application broke; nothing of the result is applied
};

/// Everything a controller may answer; applied in the fixed order: stop streams, start streams, state, transmissions, disconnect.
///
/// Native channels act while they run and answer with a status only; an RPC backend fills the rest.
/// Source: AnyCable's CommandResponse.
struct command_result {
    command_status status = command_status::success;
    bool stop_all_streams = false;
    std::vector<std::string> stopped_streams;
    std::vector<std::string> streams;
    state_map connection_state;
    state_map channel_state;
    std::vector<std::string> transmissions; ///< complete JSON texts, sent as they are
    bool disconnect = false;
};

} // namespace coax
