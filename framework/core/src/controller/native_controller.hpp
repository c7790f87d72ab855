// SPDX-License-Identifier: MIT
#pragma once

#include "controller/channel_registry.hpp"
#include "controller/controller.hpp"

#include <coax/channel.hpp>
#include <coax/connection.hpp>
#include <coax/log.hpp>
#include <coax/metrics.hpp>

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace coax {

/// Runs connection and channel classes in process. The only place where exceptions of application code are caught.
///
/// Without any channel registered it rejects every subscription and says in the log that nothing is configured.
/// Thread rule: any shard, concurrently; what it opens is shard-affine.
class native_controller final : public controller {
public:
    using connection_factory = std::function<std::unique_ptr<connection>()>;

    /// `make_connection` empty: every connection is accepted anonymously.
    native_controller(const channel_registry& channels, connection_factory make_connection, metric_registry& metrics);

    std::unique_ptr<connection_logic> open(session_port& port) override;

private:
    friend class native_connection;
    const channel_registry& channels_;
    connection_factory make_connection_;
    metric& exceptions_;
};

/// One connection object and its identifiers.
class native_connection final : public connection_logic {
public:
    native_connection(native_controller& owner, session_port& port);
    ~native_connection() override;

    task<result<connect_result>> connect() override;
    result<std::unique_ptr<subscription_logic>> open_subscription(subscription_port& port) override;
    task<> disconnect() override;

    session_port& port() const noexcept { return port_; }
    connection& user() const noexcept { return *user_; }
    std::vector<std::pair<std::string, std::string>>& identifiers() noexcept { return identifiers_; }

    /// Logs an exception of application code, unless it is the end of a cancelled wait.
    void report(std::exception_ptr error, std::string_view channel, std::string_view where) const;

private:
    native_controller& owner_;
    session_port& port_;
    std::unique_ptr<connection> user_;
    std::vector<std::pair<std::string, std::string>> identifiers_;
};

/// One channel object.
class native_subscription final : public subscription_logic {
public:
    native_subscription(native_connection& owner, subscription_port& port, const channel_description& description, boost::json::object params);
    ~native_subscription() override;

    task<result<command_result>> subscribe() override;
    task<result<command_result>> perform(std::string data) override;
    task<result<command_result>> unsubscribe() override;

    native_connection& owner() const noexcept { return owner_; }
    subscription_port& port() const noexcept { return port_; }
    const channel_description& description() const noexcept { return description_; }
    const boost::json::object& params() const noexcept { return params_; }
    void reject() noexcept { is_rejected_ = true; }
    bool is_rejected() const noexcept { return is_rejected_; }

private:
    native_connection& owner_;
    subscription_port& port_;
    const channel_description& description_;
    boost::json::object params_;
    std::unique_ptr<channel> user_;
    bool is_rejected_ = false;
};

} // namespace coax
