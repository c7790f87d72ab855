// SPDX-License-Identifier: MIT
#pragma once

#include <coax/broadcaster.hpp>
#include <coax/log.hpp>
#include <coax/session_env.hpp>
#include <coax/task.hpp>

#include <boost/json/object.hpp>

#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

namespace coax {

class connection_access;

/// Thrown by `connection::reject_unauthorized`.
class unauthorized : public std::runtime_error {
public:
    unauthorized() : std::runtime_error("unauthorized connection") {}
};

/// Who is at the other end: base class of an application's connection logic, one object per session.
///
/// Thread rule: shard-affine; every hook runs on the session's shard. Keep what belongs to the session in plain members.
/// Source: Action Cable `Connection::Base`; action-cable-framework.md 7.
///
/// ```cpp
/// class app_connection : public coax::connection {
///     coax::task<> connect() override {
///         auto user = query("user");
///         if (!user) reject_unauthorized();
///         identified_by("user", *user);
///         co_return;
///     }
/// };
/// ```
class connection {
public:
    virtual ~connection() = default;
    connection(const connection&) = delete;
    connection& operator=(const connection&) = delete;

    /// Authenticates; runs before the welcome. Cancelled after `connect_timeout` or when the peer leaves.
    /// An exception other than `unauthorized` closes with reason `server_error`, reconnect true, code 1011.
    virtual task<> connect() { co_return; }

    /// The socket is gone and all subscriptions have ended. Runs also for a connection that was refused.
    virtual task<> disconnect() { co_return; }

    /// URL, headers (all of them during `connect`, then only `keep_headers`) and remote address.
    const session_env& env() const noexcept;
    /// A query parameter of the request, percent-decoded; the last one if repeated.
    std::optional<std::string> query(std::string_view name) const;
    /// A cookie of the request, as sent.
    std::optional<std::string> cookie(std::string_view name) const;
    /// The session id, on every log line of this session.
    std::string_view session_id() const noexcept;

    /// Declares one identifier and its value; use it in `connect`. An empty value does not count.
    void identified_by(std::string name, std::string value);
    /// The value of a declared identifier.
    std::optional<std::string> identifier(std::string_view name) const;
    /// All values sorted and joined with ':', as Action Cable does. Empty: not addressable.
    std::string connection_identifier() const;

    /// Refuses the connection: `disconnect` with reason `unauthorized`, no reconnect, close 1000.
    [[noreturn]] void reject_unauthorized();
    /// Sends the disconnect message and closes. Later transmissions are dropped.
    void close(std::string_view reason = {}, bool reconnect = true);
    /// Sends an object as it is, without an envelope. False if the session is not open.
    bool transmit(const boost::json::object& message);

    /// Publishes to streams.
    broadcaster cable() const;
    /// Writes with this session's id.
    const logger& log() const;

protected:
    connection() = default;

private:
    friend class connection_access;
    class native_connection* host_ = nullptr;
};

} // namespace coax
