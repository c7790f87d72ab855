// SPDX-License-Identifier: MIT
// The commands of a session: a queue and at most one worker per identifier.
#include "session/session.hpp"

#include "protocol/codec.hpp"
#include "protocol/disconnect_reason.hpp"

#include <coax/error.hpp>

#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>

#include <algorithm>
#include <exception>
#include <functional>
#include <utility>

namespace coax {

namespace {

// What logic counts as having answered when it threw.
result<command_result> broken_command()
{
    command_result out;
    out.status = command_status::error;
    return out;
}

} // namespace

subscription* session::find(std::string_view identifier) noexcept
{
    const auto hash = std::hash<std::string_view>()(identifier);
    for (auto& row : subscriptions_)
        if (row.hash == hash && row.which->identifier() == identifier) return row.which.get();
    return nullptr;
}

void session::erase(subscription& which)
{
    std::erase_if(subscriptions_, [&](const subscription_row& candidate) { return candidate.which.get() == &which; });
}

std::size_t session::subscription_count() const noexcept
{
    return static_cast<std::size_t>(std::count_if(subscriptions_.begin(), subscriptions_.end(), [](const subscription_row& candidate) {
        return candidate.which->state == subscription::phase::confirmed;
    }));
}

void session::fail_command(std::string_view what, error_code why, std::string_view identifier)
{
    context_.metrics.commands_failed.add();
    context_.log_client_error(log_, what, why.message(), identifier);
}

void session::accept(command what)
{
    if (auto* asked = std::get_if<subscribe_command>(&what)) {
        accept_subscribe(std::move(asked->identifier));
        return;
    }
    const bool is_unsubscribe = std::holds_alternative<unsubscribe_command>(what);
    const auto& identifier = is_unsubscribe ? std::get<unsubscribe_command>(what).identifier : std::get<message_command>(what).identifier;
    auto* which = find(identifier);
    if (!which || !which->will_be_subscribed()) {
        fail_command(is_unsubscribe ? "unsubscribe.failed" : "message.failed", make_error_code(errc::unknown_subscription), identifier);
        return;
    }
    // What runs is not wanted any more: do not let it wait for a back end that may be away for long.
    const bool has_begun = which->state == subscription::phase::subscribing || which->state == subscription::phase::confirmed;
    if (is_unsubscribe && has_begun) which->abandon();
    accept_later(*which, std::move(what));
}

void session::accept_subscribe(std::string identifier)
{
    auto* which = find(identifier);
    if (which && which->will_be_subscribed()) {
        answer_duplicate(*which);
        return;
    }
    if (!which) {
        if (subscriptions_.size() >= context_.limits.max_subscriptions) {
            fail_command("subscribe.failed", make_error_code(errc::too_many_subscriptions), identifier);
            push_text(protocol_->reject(identifier));
            return;
        }
        const auto hash = std::hash<std::string_view>()(identifier);
        which = subscriptions_.emplace_back(subscription_row{hash, std::make_unique<subscription>(*this, identifier)}).which.get();
    }
    subscribe_command again;
    again.identifier = std::move(identifier);
    accept_later(*which, std::move(again));
}

void session::answer_duplicate(const subscription& which)
{
    log_.debug("subscribe.duplicate", {{"identifier", which.identifier()}});
    // While it is pending, the coming answer serves both. @anycable/core takes a second confirmation for a mistake; the stock Rails
    // client repeats for ever without one.
    const bool is_pending = which.state != subscription::phase::confirmed || which.is_subscribe_queued();
    if (!is_pending && confirms_duplicates_) push_text(protocol_->confirm(which.identifier()));
}

void session::accept_later(subscription& which, command what)
{
    if (!which.queue) which.queue = std::make_unique<std::deque<command>>();
    which.queue->push_back(std::move(what));
    ++pending_commands_;
    watch_queue();
    if (which.is_busy) return;
    which.is_busy = true;
    workers().spawn("commands", work(which));
}

void session::watch_queue()
{
    if (wants_reading() || queue_limit_) return;
    log_.debug("session.queue_full", {{"commands", pending_commands_}});
    queue_limit_ = context_.deadlines.add(context_.now() + context_.limits.command_wait, [this] {
        queue_limit_.reset();
        log_.warn("session.too_many_commands", {{"commands", pending_commands_}});
        close_with(disconnect_reason::too_many_commands, true, close_code::normal, {});
    });
}

void session::note_command_done()
{
    if (!queue_limit_ || pending_commands_ * 2 > context_.limits.max_pending_commands) return;
    context_.deadlines.cancel(*queue_limit_);
    queue_limit_.reset();
    socket_->resume_reading();
}

void session::log_broken(std::string_view call, const subscription& which, const std::exception& error) const
{
    const auto* failed = dynamic_cast<const boost::system::system_error*>(&error);
    if (failed && failed->code() == asio::error::operation_aborted) return; // cancelled, by us
    log_.error("logic.failed", {{"call", call}, {"identifier", which.identifier()}, {"error", error.what()}});
}

task<> session::work(subscription& which)
{
    while (which.queue && !which.queue->empty() && phase_ == session_phase::open) {
        command next = std::move(which.queue->front());
        which.queue->pop_front();
        try {
            co_await execute(which, std::move(next));
        } catch (const std::exception& error) { // out of memory, say: one command is lost, the identifier goes on
            log_broken("command", which, error);
        }
        --pending_commands_;
        note_command_done();
    }
    which.is_busy = false;
    if (phase_ != session_phase::open) co_return; // finish() goes on
    which.queue.reset();
    if (which.state == subscription::phase::absent) erase(which);
}

task<> session::execute(subscription& which, command what)
{
    if (std::holds_alternative<subscribe_command>(what)) {
        co_await execute_subscribe(which);
    } else if (std::holds_alternative<unsubscribe_command>(what)) {
        co_await execute_unsubscribe(which);
    } else if (which.state != subscription::phase::confirmed) {
        fail_command("message.failed", make_error_code(errc::unknown_subscription), which.identifier());
    } else {
        auto data = std::move(std::get<message_command>(what).data);
        auto answer = broken_command();
        try {
            answer = co_await which.logic->perform(std::move(data));
        } catch (const std::exception& error) {
            log_broken("perform", which, error);
        }
        if (!answer) {
            fail_command("message.failed", answer.error(), which.identifier());
        } else if (answer->status == command_status::error) {
            context_.metrics.commands_failed.add();
        }
    }
}

task<> session::execute_subscribe(subscription& which)
{
    auto opened = logic_->open_subscription(which);
    if (!opened) {
        fail_command("subscribe.failed", opened.error(), which.identifier());
        co_return;
    }
    which.logic = std::move(*opened);
    which.state = subscription::phase::subscribing;
    auto answer = broken_command();
    try {
        answer = co_await which.logic->subscribe();
    } catch (const std::exception& error) {
        log_broken("subscribe", which, error);
    }
    // The session is closing, or an unsubscribe is next in the queue: both run the unsubscribe path, and nothing is said.
    if (which.is_abandoned() || phase_ != session_phase::open) co_return;
    if (answer && answer->status == command_status::success) {
        push_text(protocol_->confirm(which.identifier()));
        which.state = subscription::phase::confirmed;
        context_.metrics.subscriptions.add(1);
        which.release_streams();
        log_.debug("subscription.confirmed", {{"identifier", which.identifier()}});
        co_return;
    }
    if (!answer) {
        fail_command("subscribe.failed", answer.error(), which.identifier());
    } else if (answer->status == command_status::error) {
        context_.metrics.commands_failed.add();
    }
    co_await end_logic(which);
    log_.debug("subscription.rejected", {{"identifier", which.identifier()}});
    push_text(protocol_->reject(which.identifier()));
}

task<> session::execute_unsubscribe(subscription& which)
{
    if (which.state == subscription::phase::absent) co_return;
    co_await end_logic(which);
    log_.debug("subscription.ended", {{"identifier", which.identifier()}});
}

task<> session::end_logic(subscription& which)
{
    if (which.state == subscription::phase::confirmed) context_.metrics.subscriptions.add(-1);
    which.state = subscription::phase::ending;
    // Deleted whatever the hook does: no half subscription stays.
    try {
        (void)co_await which.logic->unsubscribe();
    } catch (const std::exception& error) {
        log_broken("unsubscribe", which, error);
    }
    which.reset();
}

} // namespace coax
