// SPDX-License-Identifier: MIT
#pragma once

#include <coax/metrics.hpp>

#include <array>
#include <string_view>

/// Every metric of the server itself; plugins add their own. `docs/operations/metrics.md` follows this table.
namespace coax {

/// One metric: what it is called, what it counts, in which unit.
struct metric_name {
    std::string_view name;
    std::string_view unit; ///< of the value: a thing that is counted, or `bytes`
    std::string_view description;
    metric_kind kind;

    /// Its number in `registry`; fetch it once, at construction.
    metric& in(metric_registry& registry) const { return registry.get(name, kind, description); }
};

namespace metric_names {

inline constexpr auto counter = metric_kind::counter;
inline constexpr auto gauge = metric_kind::gauge;

inline constexpr metric_name sessions{"sessions", "sessions", "Sessions that are open now", gauge};
inline constexpr metric_name sessions_opened_total{"sessions_opened_total", "sessions", "Sessions opened since the start", counter};
inline constexpr metric_name handshakes_refused_total{"handshakes_refused_total", "requests",
    "Upgrade requests refused: origin, path, method, size or limit of connections", counter};
inline constexpr metric_name handshakes_timed_out_total{"handshakes_timed_out_total", "requests",
    "Requests that had not come within handshake.timeout", counter};
inline constexpr metric_name commands_total{"commands_total", "commands", "Commands taken from clients", counter};
inline constexpr metric_name commands_failed_total{"commands_failed_total", "commands", "Commands whose processing failed", counter};
inline constexpr metric_name client_messages_malformed_total{"client_messages_malformed_total", "messages",
    "Client messages that are no command", counter};
inline constexpr metric_name subscriptions{"subscriptions", "subscriptions", "Subscriptions that are confirmed now", gauge};
inline constexpr metric_name streams{"streams", "streams", "Streams with at least one listener on this node", gauge};
inline constexpr metric_name broadcasts_total{"broadcasts_total", "messages", "Messages published on this node", counter};
inline constexpr metric_name deliveries_total{"deliveries_total", "messages", "Messages put on a session, one per receiver", counter};
inline constexpr metric_name payloads_dropped_total{"payloads_dropped_total", "messages",
    "Broadcasts that could not be delivered: not JSON, too large or a full mailbox", counter};
inline constexpr metric_name mailbox_overloaded_total{"mailbox_overloaded_total", "messages",
    "Times a message met a shard whose mailbox was full", counter};
inline constexpr metric_name slow_disconnects_total{"slow_disconnects_total", "sessions",
    "Sessions closed because their client read too slowly", counter};
inline constexpr metric_name bytes_sent_total{"bytes_sent_total", "bytes", "Bytes written to WebSockets", counter};
inline constexpr metric_name bytes_received_total{"bytes_received_total", "bytes", "Bytes read from WebSockets", counter};
inline constexpr metric_name pending_bytes{"pending_bytes", "bytes", "Bytes that wait for a socket, all sessions", gauge};
inline constexpr metric_name accept_errors_total{"accept_errors_total", "errors",
    "Failed accepts, such as no free descriptor", counter};
inline constexpr metric_name user_exceptions_total{"user_exceptions_total", "exceptions",
    "Exceptions that left connection or channel classes", counter};
inline constexpr metric_name plugin_calls_abandoned_total{"plugin_calls_abandoned_total", "calls",
    "Calls into a plugin that were given up before it completed them", counter};
inline constexpr metric_name frames_encoded_total{"frames_encoded_total", "frames",
    "Broadcast frames encoded, one for all receivers of an identifier", counter};
inline constexpr metric_name binary_frames_ignored_total{"binary_frames_ignored_total", "frames",
    "Binary messages from clients, which the protocol does not know", counter};

} // namespace metric_names

inline constexpr std::array all_metrics{
    metric_names::sessions, metric_names::sessions_opened_total, metric_names::handshakes_refused_total, metric_names::handshakes_timed_out_total,
    metric_names::commands_total, metric_names::commands_failed_total, metric_names::client_messages_malformed_total, metric_names::subscriptions,
    metric_names::streams, metric_names::broadcasts_total, metric_names::deliveries_total, metric_names::payloads_dropped_total,
    metric_names::mailbox_overloaded_total, metric_names::slow_disconnects_total, metric_names::bytes_sent_total, metric_names::bytes_received_total,
    metric_names::pending_bytes, metric_names::accept_errors_total, metric_names::user_exceptions_total, metric_names::plugin_calls_abandoned_total,
    metric_names::frames_encoded_total, metric_names::binary_frames_ignored_total,
};

} // namespace coax
