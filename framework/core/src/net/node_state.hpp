// SPDX-License-Identifier: MIT
#pragma once

#include "session/session_context.hpp"

#include <atomic>
#include <cstddef>

namespace coax {

/// What all shards of a node share besides the hub. Thread rule: any thread.
struct node_state {
    node_load load;
    std::atomic<std::size_t> connections{0}; ///< sessions and handshakes
    std::size_t max_connections = 0;         ///< above: closed at once; 0: no limit
    std::atomic<bool> is_serving{true};      ///< false while stopping
};

} // namespace coax
