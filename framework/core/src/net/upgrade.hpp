// SPDX-License-Identifier: MIT
#pragma once

#include <boost/asio/io_context.hpp>

#include <string>
#include <string_view>

namespace coax {

/// The whole 101 answer to a checked request, as it goes to the socket.
///
/// `key` is its `Sec-WebSocket-Key`; `subprotocol` and `extensions` are header values, left out if empty. `executor` is the
/// shard's: Beast's stream wants one for timers that are never started here. Nothing is read or written.
/// Precondition: `handshake::check` accepted the request.
std::string make_upgrade_response(boost::asio::io_context::executor_type executor, std::string_view key, std::string_view subprotocol,
                                  std::string_view extensions);

} // namespace coax
