// SPDX-License-Identifier: MIT
#pragma once

#include <coax/result.hpp>

#include <boost/system/error_category.hpp>
#include <boost/system/error_code.hpp>
#include <boost/system/error_condition.hpp>

#include <stdexcept>
#include <string>

namespace coax {

/// What can go wrong. Values are never renumbered; they cross the plugin boundary as numbers.
enum class errc {
    malformed_command = 1,     ///< not JSON, not an object, or a field of the wrong type; equals condition::protocol_violation
    unknown_command = 2,       ///< the "command" is missing or not known; equals condition::protocol_violation
    unknown_subscription = 3,  ///< a command for an identifier that this session does not have; equals condition::protocol_violation
    already_subscribed = 4,    ///< the identifier is subscribed on this session already
    missing_identifier = 5,    ///< "identifier" is missing, empty or blank; equals condition::protocol_violation
    channel_not_found = 6,     ///< the identifier names no registered channel; equals condition::protocol_violation
    action_not_found = 7,      ///< the channel has no such registered action; equals condition::protocol_violation
    too_many_subscriptions = 8,///< max_subscriptions is reached on this session
    unauthorized = 9,          ///< the connection was refused by the application
    rejected = 10,             ///< the subscription was rejected by the application
    adapter_unavailable = 11,  ///< the adapter is not connected to its back end; equals condition::retryable
    timed_out = 12,            ///< a limit passed; equals condition::retryable
    cancelled = 13,            ///< the operation was ended by its caller
    shutting_down = 14,        ///< the server is stopping
    session_closed = 15,       ///< the session ended meanwhile
    payload_too_large = 16,    ///< a broadcast above the adapter's declared limit
    payload_not_json = 17,     ///< a broadcast payload that is not one JSON value
    overloaded = 18,           ///< a bounded queue is full; equals condition::retryable
    plugin_failed = 19,        ///< a plugin reported a failure that has no code of its own
    invalid_argument = 20,     ///< a value that the callee cannot take
};

/// What a caller decides on.
enum class condition {
    protocol_violation = 1, ///< the client sent something wrong: log, count, go on
    retryable = 2,          ///< the same call may succeed later
};

namespace detail {

class coax_category final : public boost::system::error_category {
public:
    // A fixed id: without it the category of a plugin would compare unequal to the host's.
    constexpr coax_category() noexcept : boost::system::error_category(0x8f3d2c61a70b49e5) {}

    const char* name() const noexcept override { return "coax"; }

    std::string message(int value) const override
    {
        switch (static_cast<errc>(value)) {
        case errc::malformed_command: return "malformed command";
        case errc::unknown_command: return "unknown command";
        case errc::unknown_subscription: return "no such subscription";
        case errc::already_subscribed: return "already subscribed";
        case errc::missing_identifier: return "missing identifier";
        case errc::channel_not_found: return "channel not found";
        case errc::action_not_found: return "action not found";
        case errc::too_many_subscriptions: return "too many subscriptions";
        case errc::unauthorized: return "unauthorized";
        case errc::rejected: return "rejected";
        case errc::adapter_unavailable: return "adapter unavailable";
        case errc::timed_out: return "timed out";
        case errc::cancelled: return "cancelled";
        case errc::shutting_down: return "shutting down";
        case errc::session_closed: return "session closed";
        case errc::payload_too_large: return "payload too large";
        case errc::payload_not_json: return "payload is not JSON";
        case errc::overloaded: return "overloaded";
        case errc::plugin_failed: return "plugin failed";
        case errc::invalid_argument: return "invalid argument";
        }
        return "unknown coax error";
    }
};

class condition_category final : public boost::system::error_category {
public:
    constexpr condition_category() noexcept : boost::system::error_category(0x1b7c40d95e26fa83) {}

    const char* name() const noexcept override { return "coax.condition"; }

    std::string message(int value) const override
    {
        return static_cast<condition>(value) == condition::retryable ? "retryable" : "protocol violation";
    }

    bool equivalent(const boost::system::error_code& code, int value) const noexcept override
    {
        static constexpr coax_category codes;
        if (code.category() != codes) return false;
        switch (static_cast<errc>(code.value())) {
        case errc::malformed_command:
        case errc::unknown_command:
        case errc::unknown_subscription:
        case errc::missing_identifier:
        case errc::channel_not_found:
        case errc::action_not_found: return static_cast<condition>(value) == condition::protocol_violation;
        case errc::adapter_unavailable:
        case errc::timed_out:
        case errc::overloaded: return static_cast<condition>(value) == condition::retryable;
        default: return false;
        }
    }
};

inline constexpr coax_category the_error_category;
inline constexpr condition_category the_condition_category;

} // namespace detail

inline boost::system::error_code make_error_code(errc value) noexcept
{
    return {static_cast<int>(value), detail::the_error_category};
}

inline boost::system::error_condition make_error_condition(condition value) noexcept
{
    return {static_cast<int>(value), detail::the_condition_category};
}

/// The server cannot start: says what, where and the remedy in `what()`. `main` prints it and exits with `exit_code()`.
class startup_error : public std::runtime_error {
public:
    /// `exit_code`: 78 for a bad configuration (EX_CONFIG), 1 for anything else.
    explicit startup_error(const std::string& message, int exit_code = 1) : std::runtime_error(message), exit_code_(exit_code) {}
    int exit_code() const noexcept { return exit_code_; }

private:
    int exit_code_;
};

/// A start-up failure whose cause is the configuration.
inline startup_error config_error(const std::string& message) { return startup_error(message, 78); }

} // namespace coax

namespace boost::system {
template <> struct is_error_code_enum<coax::errc> : std::true_type {};
template <> struct is_error_condition_enum<coax::condition> : std::true_type {};
} // namespace boost::system
