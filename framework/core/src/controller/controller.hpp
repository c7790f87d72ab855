// SPDX-License-Identifier: MIT
#pragma once

#include <coax/broadcaster.hpp>
#include <coax/command_result.hpp>
#include <coax/log.hpp>
#include <coax/result.hpp>
#include <coax/session_env.hpp>
#include <coax/task.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace coax {

/// What logic may ask of the session it answers for. Implemented by the session. Thread rule: shard-affine.
class session_port {
public:
    virtual std::string_view session_id() const noexcept = 0;
    virtual const session_env& env() const noexcept = 0;
    virtual const logger& log() const noexcept = 0;
    /// For a line that a client can cause at will: how many of that event were held back since the last one, or nothing: not now.
    virtual std::optional<std::uint64_t> may_log(std::string_view event) = 0;
    virtual broadcaster cable() const noexcept = 0;
    /// Sends a complete JSON message. False if the session is not open (or not yet: what `connect` sends comes before the welcome).
    virtual bool transmit_text(std::string_view json_text) = 0;
    /// Disconnect message, then close 1000. Later transmissions are dropped.
    virtual void close(std::string_view reason, bool reconnect) = 0;

protected:
    ~session_port() = default;
};

/// What logic may ask of the subscription it answers for. Thread rule: shard-affine.
class subscription_port {
public:
    virtual const std::string& identifier() const noexcept = 0;
    virtual session_port& owner() noexcept = 0;
    /// `{"identifier":…,"message":payload}`; `payload` is valid JSON.
    virtual void transmit(std::string_view payload) = 0;
    /// Completes when the adapter has acknowledged; without doing anything if streamed already, rejected, or ended.
    /// Cancellation: terminal. Errors: adapter_unavailable, timed_out, cancelled, plugin_failed.
    virtual task<result<void>> stream_from(std::string stream) = 0;
    virtual void stop_stream_from(std::string_view stream) = 0;
    virtual void stop_all_streams() = 0;

protected:
    ~subscription_port() = default;
};

/// Logic of one subscription. The session calls one function at a time and awaits it before it destroys the object.
/// An error as result, and a status of `error`, mean that the logic broke; it has logged why.
class subscription_logic {
public:
    virtual ~subscription_logic() = default;
    /// failure: rejected. Cancellation: terminal; the session then calls `unsubscribe`.
    virtual task<result<command_result>> subscribe() = 0;
    /// `data` is the text of the command's data, JSON or not.
    virtual task<result<command_result>> perform(std::string data) = 0;
    /// The subscription ends: after a subscribe of whatever outcome, exactly once.
    virtual task<result<command_result>> unsubscribe() = 0;
};

/// What connect answered.
struct connect_result {
    command_status status = command_status::success; ///< failure: unauthorized; error: the logic broke
    std::string identifiers;                          ///< who it is; empty: not addressable
    std::vector<std::string> transmissions;           ///< replaces the welcome if not empty (an RPC application writes its own)
};

/// Logic of one connection: the five calls of a session go to it and to what it opens.
class connection_logic {
public:
    virtual ~connection_logic() = default;
    virtual task<result<connect_result>> connect() = 0;
    /// A new subscription for `port.identifier()`. Errors: malformed_command, channel_not_found.
    virtual result<std::unique_ptr<subscription_logic>> open_subscription(subscription_port& port) = 0;
    /// The session is over, all subscriptions have ended. Once, if `connect` was called.
    virtual task<> disconnect() = 0;
};

/// Answers connections: native channels, an RPC backend, or both. Thread rule: any shard, concurrently.
class controller {
public:
    virtual ~controller() = default;
    virtual std::unique_ptr<connection_logic> open(session_port& port) = 0;
};

} // namespace coax
