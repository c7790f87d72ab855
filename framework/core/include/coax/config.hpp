// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace coax {

/// Where and how the server listens. Section `[server]`.
struct server_config {
    /// Addresses to listen on: `127.0.0.1:8080`, `[::]:8080`, `unix:/run/coax.sock`. Port 0 takes a free one.
    std::vector<std::string> listen{"127.0.0.1:8080"};
    /// Threads that carry sessions, each a shard of its own. 0: one per core; at most 64.
    unsigned threads = 0;
    /// Path of the WebSocket endpoint; matched exactly.
    std::string path = "/cable";
    /// Path of the health check; empty: none.
    std::string health_path = "/health";
    /// Open sessions and handshakes of the whole server; a connection above it is closed at once. 0: as many as descriptors allow.
    std::size_t max_connections = 0;
    /// Raise the soft limit of open files to the hard one at start.
    bool raise_file_limit = true;
};

/// Who may connect, and how long a request may take. Section `[handshake]`.
struct handshake_config {
    /// The whole HTTP request must have come within this time.
    std::chrono::milliseconds timeout{10'000};
    /// Bytes of the request line and headers.
    std::size_t max_request_size = 16 * 1024;
    /// Allowed `Origin` values, such as `https://example.com`, `https://*.example.com` or `*`. The server's own host passes always.
    std::vector<std::string> allowed_origins;
    /// Let a page of the same scheme, host and port connect.
    bool allow_same_origin = true;
    /// Refuse a request without an `Origin` header (browsers always send one).
    bool require_origin = false;
    /// Skip the origin check.
    bool disable_origin_check = false;
    /// Peers (IP addresses, networks such as `10.0.0.0/8`, or `unix`) whose `X-Forwarded-*` headers are believed.
    std::vector<std::string> trusted_proxies;
    /// Request headers kept after `connect`; all of them are there during it.
    std::vector<std::string> keep_headers{"cookie"};
};

/// Bounds of one session. Section `[session]`.
struct session_config {
    /// Interval of the Action Cable ping. Off: no pings.
    std::chrono::milliseconds ping_interval{3'000};
    /// The application's `connect` must end within this time.
    std::chrono::milliseconds connect_timeout{10'000};
    /// Bytes of one message from a client, summed over its fragments; above: close 1009.
    std::size_t max_message_size = 64 * 1024;
    /// Commands that may wait or run; above: reading pauses, `too_many_commands` after `command_wait`.
    std::size_t max_pending_commands = 128;
    /// How long a full command queue may stay full.
    std::chrono::milliseconds command_wait{30'000};
    /// Subscriptions of one session; one more is rejected.
    std::size_t max_subscriptions = 1'000;
    /// Bytes of one identifier; a longer one is malformed.
    std::size_t max_identifier_size = 4 * 1024;
    /// Bytes waiting for one socket; above: `too_slow`.
    std::size_t max_pending_bytes = 1024 * 1024;
    /// Bytes waiting for all sockets of the node; above: the heaviest session goes first.
    std::size_t max_pending_total = 256 * 1024 * 1024;
    /// How long a peer may leave what was sent to it unacknowledged, or take nothing at all, before it counts as gone.
    /// Without pings nothing is sent to an idle peer: TCP keep-alive asks it after 60 s of silence, then every 10 s.
    std::chrono::milliseconds write_timeout{30'000};
    /// How long a peer may take to answer our close frame.
    std::chrono::milliseconds close_timeout{5'000};
    /// How long running commands may go on after their session has closed, before they are cancelled.
    std::chrono::milliseconds command_grace{5'000};
    /// How long a subscription waits for the adapter's acknowledgement before it is rejected. Off: for ever.
    std::chrono::milliseconds stream_timeout{0};
    /// permessage-deflate without context takeover, a frame compressed once for all its receivers.
    bool deflate = false;
    /// Messages below this size are sent uncompressed.
    std::size_t deflate_threshold = 256;
};

/// Where broadcasts travel. Section `[adapter]`.
struct adapter_config {
    /// Name of the adapter plugin: `memory` loads libcoax_adapter_memory.so. `local`: none, publishing is delivering.
    std::string name = "memory";
    /// Folders searched for plugins, before the installed one; COAX_PLUGIN_PATH comes before them.
    std::vector<std::string> plugin_path;
    /// The adapter's own table (`[adapter.<name>]`) as JSON text.
    std::string options_json = "{}";
    /// Limit of the adapter's start and of its stop.
    std::chrono::milliseconds start_timeout{10'000};
};

/// Section `[log]`.
struct log_config {
    /// `debug`, `info`, `warn`, `error` or `off`.
    std::string level = "info";
    /// `text` or `json`.
    std::string format = "text";
    /// Lines per second of one event that a client can cause; the rest is counted and summed up.
    unsigned client_errors_per_second = 10;
};

/// How the server stops. Section `[shutdown]`.
struct shutdown_config {
    /// Time between the health check turning 503 and the first disconnect.
    std::chrono::milliseconds delay{0};
    /// Disconnect messages are spread over this time.
    std::chrono::milliseconds spread{0};
    /// Limit of everything together; what is left then is cut.
    std::chrono::milliseconds grace{30'000};
};

/// Everything a server can be told. Each member's default and docstring are the truth; `docs/configuration.md` follows them.
///
/// In `coax.toml` durations carry a unit (`"3s"`, `"500ms"`) or are `"off"`, sizes likewise (`"64KiB"`).
/// Environment: `COAX_SECTION__KEY`. Later wins: file, environment, command line.
struct config {
    server_config server;
    handshake_config handshake;
    session_config session;
    adapter_config adapter;
    log_config log;
    shutdown_config shutdown;
};

/// One override from the command line: `path` such as `server.listen`, `value` as in the environment.
struct config_override {
    std::string path;
    std::string value;
};

/// Reads `file` (empty: none), then the environment, then `overrides`.
///
/// Errors: throws startup_error (exit code 78) that names the file or variable, the path of the key and the remedy.
config load_config(const std::string& file, const std::vector<config_override>& overrides = {});

} // namespace coax
