// SPDX-License-Identifier: MIT
#include "session/session.hpp"

#include "hub/hub_shard.hpp"
#include "protocol/codec.hpp"
#include "protocol/disconnect_reason.hpp"

#include <coax/error.hpp>

#include <boost/assert.hpp>

#include <exception>
#include <utility>

namespace coax {

std::optional<std::uint64_t> session_context::may_log(std::string_view event)
{
    auto found = limiters.find(event);
    if (found == limiters.end()) found = limiters.emplace(std::string(event), log_limiter(client_errors_per_second)).first;
    const auto pass = found->second.allow(now());
    if (!pass) return std::nullopt;
    return pass.suppressed;
}

void session_context::log_client_error(const logger& to, std::string_view event, std::string_view what, std::string_view identifier)
{
    if (!to.enabled(log_level::warn)) return;
    const auto held_back = may_log(event);
    if (!held_back) return;
    // What a client wrote is shown in part: enough to find it, too little to fill a disk.
    to.warn(event, {{"error", what}, {"identifier", identifier.substr(0, 128)}, {"suppressed", *held_back}});
}

session::session(session_context& context, session_start start, std::unique_ptr<transport> socket)
    : context_(context), id_(std::move(start.id)), env_(std::move(start.env)), protocol_(start.protocol), socket_(std::move(socket)),
      log_(context.log.with("sid", id_)), confirms_duplicates_(start.confirms_duplicates), deflate_(start.deflate)
{
}

session::~session()
{
    BOOST_ASSERT(!workers_ || workers_->empty());
    subscriptions_.clear();
    context_.streams.forget(*this);
    outbox_.reset();
    account();
}

task_group& session::workers()
{
    if (!workers_) {
        workers_ = std::make_unique<task_group>(context_.where, [this](std::string_view name, std::exception_ptr error) {
            try {
                std::rethrow_exception(error);
            } catch (const std::exception& what) {
                log_.error("session.task_failed", {{"task", name}, {"error", what.what()}});
            } catch (...) {
                log_.error("session.task_failed", {{"task", name}, {"error", "an exception that is no std::exception"}});
            }
        });
    }
    return *workers_;
}

// ---- opening ------------------------------------------------------------------------------------------------------------------

void session::open()
{
    log_.info("session.opened", {{"path", env_.url.substr(0, env_.url.find('?'))}, {"remote", env_.remote_address}});
    context_.metrics.sessions.add(1);
    context_.metrics.opened.add(1);
    is_counted_ = true;
    logic_ = context_.logic.open(*this);
    workers().spawn("connect", run_connect());
}

task<> session::run_connect()
{
    const auto limit = context_.deadlines.add(context_.now() + context_.limits.connect_timeout, [this] {
        is_connecting_cut_ = true;
        workers().cancel();
    });
    has_connected_ = true;
    is_connect_running_ = true;
    result<connect_result> answer = make_error_code(errc::cancelled);
    try {
        answer = co_await logic_->connect();
    } catch (const std::exception& error) {
        if (!is_connecting_cut_) log_.error("connect.failed", {{"error", error.what()}});
    }
    is_connect_running_ = false;
    context_.deadlines.cancel(limit);
    if (phase_ != session_phase::connecting) co_return;
    if (is_connecting_cut_) {
        log_.error("connect.timed_out", {{"remedy", "make connect faster, or raise session.connect_timeout"}});
        answer = make_error_code(errc::timed_out);
    }
    if (!answer || answer->status != command_status::success) {
        connect_result none;
        none.status = command_status::error;
        refuse(answer ? *answer : none);
        co_return;
    }
    welcome(*answer);
}

void session::refuse(const connect_result& answer)
{
    for (const auto& text : answer.transmissions) push_text(text);
    if (answer.status == command_status::failure) {
        log_.info("connection.rejected");
        if (answer.transmissions.empty()) {
            close_with(disconnect_reason::unauthorized, false, close_code::normal, {});
            return;
        }
        push(encode_close(close_code::normal));
        begin_closing();
        return;
    }
    close_with(disconnect_reason::server_error, true, close_code::internal_error, {});
}

void session::welcome(const connect_result& answer)
{
    identifiers_ = answer.identifiers;
    env_.keep_headers(context_.keep_headers);
    if (answer.transmissions.empty()) push_text(protocol_->welcome(id_));
    for (const auto& text : answer.transmissions) push_text(text);
    phase_ = session_phase::open;
    const auto waited = std::move(backlog_);
    if (!waited) return;
    for (auto& what : *waited) {
        if (phase_ != session_phase::open) return;
        --pending_commands_;
        accept(std::move(what));
    }
    note_command_done();
}

// ---- what the reader brings -----------------------------------------------------------------------------------------------------

void session::on_text(std::string_view text)
{
    if (phase_ >= session_phase::closing) return;
    auto decoded = protocol_->decode(text, context_.limits.max_identifier_size);
    if (!decoded) {
        context_.metrics.malformed.add();
        context_.log_client_error(log_, "client.malformed", decoded.error().message());
        return;
    }
    context_.metrics.commands.add();
    if (std::holds_alternative<ping_command>(*decoded)) {
        push_text(protocol_->pong());
        return;
    }
    if (std::holds_alternative<pong_command>(*decoded)) return;
    if (phase_ == session_phase::connecting) {
        if (!backlog_) backlog_ = std::make_unique<std::vector<command>>();
        backlog_->push_back(std::move(*decoded));
        ++pending_commands_;
        watch_queue();
        return;
    }
    accept(std::move(*decoded));
}

void session::on_binary()
{
    if (phase_ >= session_phase::closing) return;
    context_.metrics.binary_ignored.add();
    context_.log_client_error(log_, "client.binary_ignored", "this protocol has text messages only");
}

void session::on_ping(std::string_view payload)
{
    if (phase_ >= session_phase::closing) return;
    // Not by push: a pong needs no order against messages, and must not make a flood of pings pull streams.
    keep_frame(encode_frame(opcode::pong, payload));
}

void session::on_peer_close(close_code code, std::string_view reason)
{
    seen_code_ = code;
    is_reading_over_ = true;
    if (phase_ >= session_phase::closing) return;
    log_.debug("session.peer_closed", {{"code", static_cast<int>(code)}, {"reason", reason}});
    keep_frame(encode_close(code));
    begin_closing();
}

void session::on_violation(close_code code, std::string_view reason)
{
    is_discarding_ = true;
    if (phase_ >= session_phase::closing) return;
    context_.metrics.malformed.add();
    context_.log_client_error(log_, "client.protocol_error", reason);
    keep_frame(encode_close(code, reason));
    begin_closing();
}

void session::on_writable()
{
    is_waiting_writable_ = false;
    flush();
}

// ---- the end --------------------------------------------------------------------------------------------------------------------

void session::close(std::string_view reason, bool reconnect)
{
    close_with(reason, reconnect, close_code::normal, {});
}

void session::close_with(std::string_view reason, bool reconnect, close_code code, std::string_view text)
{
    if (phase_ >= session_phase::closing) return;
    push_text(protocol_->disconnect(reason, reconnect));
    if (phase_ >= session_phase::closing) return; // pushing found it too slow
    push(encode_close(code, text));
    log_.debug("session.closing", {{"reason", reason}, {"reconnect", reconnect}});
    begin_closing();
}

void session::begin_closing()
{
    if (phase_ >= session_phase::closing) return;
    phase_ = session_phase::closing;
    // Commands that still run get their time in finish(); what waits for an acknowledgement does not have to.
    for (auto& row : subscriptions_) row.which->abandon();
    close_limit_ = context_.deadlines.add(context_.now() + context_.limits.close_timeout, [this] {
        close_limit_.reset();
        socket_->abort();
    });
    socket_->resume_reading(); // to see the peer's close frame
    context_.streams.flush_later(*this);
}

void session::too_slow()
{
    if (phase_ >= session_phase::closing) return;
    context_.metrics.slow.add();
    if (const auto held_back = may_log("session.too_slow"))
        log_.warn("session.too_slow", {{"pending_bytes", pending_bytes()}, {"suppressed", *held_back}});
    if (!outbox_) outbox_ = std::make_unique<outbox>();
    outbox_->drop_unsent();
    outbox_->push(encode_frame(opcode::text, protocol_->disconnect(disconnect_reason::too_slow, true)));
    outbox_->push(encode_close(close_code::normal));
    account();
    begin_closing();
}

task<> session::run_hook(task<> hook)
{
    workers().spawn("hook", std::move(hook));
    const auto limit = context_.deadlines.add(context_.now() + context_.limits.command_grace, [this] {
        log_.warn("session.hook_cancelled", {{"remedy", "make the hook faster, or raise session.command_grace"}});
        workers().cancel();
    });
    co_await workers().join();
    context_.deadlines.cancel(limit);
}

task<> session::run_disconnect_hook()
{
    co_await logic_->disconnect();
}

task<> session::finish()
{
    begin_closing();
    flush(); // our answer to the peer's close, if there is one
    if (!outbox_) socket_->shut_down_sending(); // the peer need not wait for our hooks
    phase_ = session_phase::closed;
    if (close_limit_) context_.deadlines.cancel(*close_limit_);
    if (queue_limit_) context_.deadlines.cancel(*queue_limit_);
    if (workers_ && !workers_->empty()) {
        if (is_connect_running_) workers_->cancel(); // the peer that asked is gone
        const auto limit = context_.deadlines.add(context_.now() + context_.limits.command_grace, [this] { workers_->cancel(); });
        co_await workers_->join();
        context_.deadlines.cancel(limit);
    }
    for (auto& row : subscriptions_)
        if (row.which->logic) co_await run_hook(end_logic(*row.which));
    subscriptions_.clear();
    if (has_connected_) co_await run_hook(run_disconnect_hook());
    logic_.reset();
    if (is_counted_) context_.metrics.sessions.add(-1);
    log_.info("session.closed", {{"code", static_cast<int>(seen_code_)}});
}

session_snapshot session::snapshot() const
{
    session_snapshot out;
    out.session_id = id_;
    out.identifiers = identifiers_;
    out.subprotocol = protocol_->subprotocol();
    out.env = env_;
    for (const auto& row : subscriptions_) {
        if (row.which->state != subscription::phase::confirmed) continue;
        auto& subscription = out.subscriptions.emplace_back();
        subscription.identifier = row.which->identifier();
        for (const auto& stream : row.which->streams()) {
            auto& one = subscription.streams.emplace_back();
            one.name = stream->stream_name();
            one.position = stream->stream->end();
        }
    }
    return out;
}

} // namespace coax
