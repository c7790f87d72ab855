// SPDX-License-Identifier: MIT
#include "controller/native_controller.hpp"

#include "observe/metric_names.hpp"
#include "protocol/identifier.hpp"

#include <coax/error.hpp>

#include <boost/asio/error.hpp>
#include <boost/json/parse.hpp>

#include <exception>
#include <stdexcept>
#include <utility>

namespace coax {

/// Sets the private link between an application's object and what runs it.
class connection_access {
public:
    static void attach(connection& user, native_connection& host) noexcept { user.host_ = &host; }
};

class channel_access {
public:
    static void attach(channel& user, native_subscription& host) noexcept { user.host_ = &host; }
};

namespace {

class anonymous_connection final : public connection {};

/// Rejects: there is no logic at all.
class rejecting_subscription final : public subscription_logic {
public:
    task<result<command_result>> subscribe() override { co_return answer(command_status::failure); }
    task<result<command_result>> perform(std::string) override { co_return answer(command_status::error); }
    task<result<command_result>> unsubscribe() override { co_return answer(command_status::success); }

private:
    static command_result answer(command_status status)
    {
        command_result out;
        out.status = status;
        return out;
    }
};

command_result with_status(command_status status)
{
    command_result out;
    out.status = status;
    return out;
}

bool is_blank(std::string_view text) noexcept
{
    return text.find_first_not_of(" \t\r\n") == std::string_view::npos;
}

} // namespace

native_controller::native_controller(const channel_registry& channels, connection_factory make_connection, metric_registry& metrics)
    : channels_(channels), make_connection_(std::move(make_connection)), exceptions_(metric_names::user_exceptions_total.in(metrics))
{
}

std::unique_ptr<connection_logic> native_controller::open(session_port& port)
{
    return std::make_unique<native_connection>(*this, port);
}

native_connection::native_connection(native_controller& owner, session_port& port) : owner_(owner), port_(port) {}

native_connection::~native_connection() = default;

void native_connection::report(std::exception_ptr error, std::string_view channel, std::string_view where) const
{
    std::string what = "an exception that is no std::exception";
    try {
        std::rethrow_exception(error);
    } catch (const boost::system::system_error& failed) {
        if (failed.code() == asio::error::operation_aborted || failed.code() == errc::cancelled) return;
        what = failed.what();
    } catch (const std::exception& failed) {
        what = failed.what();
    } catch (...) {
    }
    owner_.exceptions_.add();
    if (const auto held_back = port_.may_log("user.exception"))
        port_.log().error("user.exception", {{"channel", channel}, {"in", where}, {"error", what}, {"suppressed", *held_back}});
}

task<result<connect_result>> native_connection::connect()
{
    connect_result answer;
    std::exception_ptr failed;
    try {
        user_ = owner_.make_connection_ ? owner_.make_connection_() : std::make_unique<anonymous_connection>();
        if (!user_) throw std::logic_error("the connection factory made nothing");
        connection_access::attach(*user_, *this);
        co_await user_->connect();
        answer.identifiers = user_->connection_identifier();
    } catch (const unauthorized&) {
        answer.status = command_status::failure;
    } catch (...) {
        failed = std::current_exception();
    }
    if (failed) {
        answer.status = command_status::error;
        report(failed, "connection", "connect");
    }
    co_return answer;
}

result<std::unique_ptr<subscription_logic>> native_connection::open_subscription(subscription_port& port)
{
    if (owner_.channels_.is_empty()) {
        if (const auto held_back = port_.may_log("subscription.rejected"))
            port_.log().warn("subscription.rejected", {{"error", "no channel is registered"},
                                                       {"remedy", "register C++ channels with server.add_channel"},
                                                       {"suppressed", *held_back}});
        return std::unique_ptr<subscription_logic>(std::make_unique<rejecting_subscription>());
    }
    auto parsed = parse_identifier(port.identifier());
    if (!parsed) return parsed.error();
    const auto* description = owner_.channels_.find(parsed->channel);
    if (!description) return make_error_code(errc::channel_not_found);
    return std::unique_ptr<subscription_logic>(std::make_unique<native_subscription>(*this, port, *description, std::move(parsed->params)));
}

task<> native_connection::disconnect()
{
    if (!user_) co_return;
    std::exception_ptr failed;
    try {
        co_await user_->disconnect();
    } catch (...) {
        failed = std::current_exception();
    }
    if (failed) report(failed, "connection", "disconnect");
}

native_subscription::native_subscription(native_connection& owner, subscription_port& port, const channel_description& description,
                                         boost::json::object params)
    : owner_(owner), port_(port), description_(description), params_(std::move(params))
{
}

native_subscription::~native_subscription() = default;

task<result<command_result>> native_subscription::subscribe()
{
    std::exception_ptr failed;
    try {
        user_ = description_.make();
        if (!user_) throw std::logic_error("the channel factory made nothing");
        channel_access::attach(*user_, *this);
        co_await user_->subscribed();
    } catch (...) {
        failed = std::current_exception();
    }
    if (failed) {
        owner_.report(failed, description_.name, "subscribed");
        co_return with_status(command_status::error);
    }
    co_return with_status(is_rejected_ ? command_status::failure : command_status::success);
}

task<result<command_result>> native_subscription::perform(std::string data)
{
    boost::system::error_code parse_error;
    auto value = boost::json::parse(data, parse_error);
    if (parse_error || !value.is_object()) co_return make_error_code(errc::malformed_command);
    auto& object = value.get_object();

    const channel_description::action_function* run = nullptr;
    std::string name = "receive";
    const auto* action = object.if_contains("action");
    if (action && !action->is_null() && !(action->is_string() && is_blank(action->get_string()))) {
        if (!action->is_string()) co_return make_error_code(errc::action_not_found);
        name = std::string(action->get_string());
        const auto found = description_.actions.find(name);
        if (found != description_.actions.end()) {
            run = &found->second;
        } else if (name == "receive" && description_.receive) {
            run = &description_.receive; // in Rails a method like any other
        }
    } else if (description_.receive) {
        run = &description_.receive;
    }
    if (!run) co_return make_error_code(errc::action_not_found);

    std::exception_ptr failed;
    try {
        co_await (*run)(*user_, std::move(object));
    } catch (...) {
        failed = std::current_exception();
    }
    if (failed) {
        owner_.report(failed, description_.name, name);
        co_return with_status(command_status::error);
    }
    co_return with_status(command_status::success);
}

task<result<command_result>> native_subscription::unsubscribe()
{
    std::exception_ptr failed;
    if (user_) {
        try {
            co_await user_->unsubscribed();
        } catch (...) {
            failed = std::current_exception();
        }
    }
    if (failed) owner_.report(failed, description_.name, "unsubscribed");
    co_return with_status(command_status::success);
}

} // namespace coax
