// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>

namespace coax {

/// Names of disconnect reasons on the wire. Source: wire-protocol.md 3.7, action-cable-framework.md 1.3.
namespace disconnect_reason {
inline constexpr std::string_view unauthorized = "unauthorized";
inline constexpr std::string_view invalid_request = "invalid_request";
inline constexpr std::string_view server_restart = "server_restart";
inline constexpr std::string_view remote = "remote";
inline constexpr std::string_view too_slow = "too_slow";
inline constexpr std::string_view no_pong = "no_pong";
inline constexpr std::string_view server_error = "server_error";
inline constexpr std::string_view too_many_commands = "too_many_commands";
} // namespace disconnect_reason

} // namespace coax
