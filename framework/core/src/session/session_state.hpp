// SPDX-License-Identifier: MIT
#pragma once

#include <coax/result.hpp>
#include <coax/session_env.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace coax {

/// Where a session is in its life. Only ever moves down this list.
enum class session_phase : std::uint8_t {
    connecting, ///< `connect` is running; commands wait
    open,       ///< welcomed
    closing,    ///< we or the peer have begun to close; nothing more is sent but what waits
    closed,     ///< the socket is gone
};

/// A session as a value: what another process would need to go on with it. Sockets, timers and queues live outside of it.
struct session_snapshot {
    static constexpr std::uint32_t current_version = 1;

    struct stream {
        std::string name;
        std::uint64_t position = 0; ///< in the stream's log; below 2^53
    };
    struct subscription {
        std::string identifier;
        std::vector<stream> streams;
    };

    std::uint32_t version = current_version;
    std::string session_id;
    std::string identifiers;
    std::string subprotocol;
    session_env env;
    std::vector<subscription> subscriptions;
};

std::string to_json(const session_snapshot& snapshot);
/// Errors: invalid_argument for text that is no snapshot, or one of another version.
result<session_snapshot> snapshot_from_json(std::string_view text);

} // namespace coax
