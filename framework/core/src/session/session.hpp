// SPDX-License-Identifier: MIT
#pragma once

#include "controller/controller.hpp"
#include "hub/subscriber.hpp"
#include "protocol/command.hpp"
#include "protocol/frame_codec.hpp"
#include "session/outbox.hpp"
#include "session/session_context.hpp"
#include "session/session_state.hpp"
#include "session/subscription.hpp"
#include "session/transport.hpp"

#include <coax/session_env.hpp>
#include <coax/task.hpp>
#include <coax/task_group.hpp>

#include <cstdint>
#include <deque>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace coax {

class codec;

/// What the handshake found out about a session.
struct session_start {
    std::string id; ///< unguessable, made by us
    session_env env;
    const codec* protocol = nullptr;
    bool confirms_duplicates = false; ///< the stock Rails client, which repeats a subscribe until it is confirmed
    bool deflate = false;
};

/// One client: its commands, its subscriptions and what is sent to it.
///
/// Event-driven towards the socket: the reader coroutine of `net/websocket` calls the `on_…` functions and, when the socket is gone,
/// awaits `finish`. Application code runs in worker coroutines, one per identifier with commands waiting, so an idle session has none.
/// Order: commands of one identifier one after the other; frames leave in the order pushed; `connect` ends before any command runs,
/// and `finish` starts after everything has ended.
/// Thread rule: shard-affine.
/// Source: action-cable-framework.md 2, 5, 7, 8.
class session final : public subscriber, public session_port {
public:
    session(session_context& context, session_start start, std::unique_ptr<transport> socket);
    ~session();
    session(const session&) = delete;
    session& operator=(const session&) = delete;

    /// Runs `connect`, then welcomes.
    void open();

    // From the reader.
    /// False while the command queue is full; `transport::resume_reading` tells when that is over.
    bool wants_reading() const noexcept
    {
        return phase_ >= session_phase::closing || pending_commands_ < context_.limits.max_pending_commands;
    }
    void on_text(std::string_view text);
    void on_binary();
    void on_ping(std::string_view payload);
    void on_peer_close(close_code code, std::string_view reason);
    /// The peer broke the WebSocket protocol: close frame with `code`; what it sends from now on is to be discarded.
    void on_violation(close_code code, std::string_view reason);
    void on_writable();
    /// The peer has said all it will: stop reading and end.
    bool is_reading_over() const noexcept { return is_reading_over_; }
    /// What it sends is not looked at any more.
    bool is_discarding() const noexcept { return is_discarding_; }
    /// Runs when the reader has ended: ends commands (after `command_grace`), then every `unsubscribed`, then `disconnect`.
    task<> finish();

    /// The heartbeat's frame, shared by all.
    void ping(const shared_frame& frame);
    /// Disconnect message and close frame behind everything pushed before.
    void close_with(std::string_view reason, bool reconnect, close_code code, std::string_view text);
    /// Bytes waiting for this socket.
    std::size_t pending_bytes() const noexcept { return outbox_ ? outbox_->bytes() : 0; }
    /// Ends this session because it does not keep up: the frame sent in part is finished, the rest dropped.
    void too_slow();

    session_snapshot snapshot() const;
    session_phase phase() const noexcept { return phase_; }
    std::size_t subscription_count() const noexcept;
    transport& socket() noexcept { return *socket_; }

    // subscriber
    void deliver(const frame_block& block) override;
    void enqueue(std::span<const shared_frame> frames) override;
    void flush() override;
    void overflowed() override;

    // session_port
    std::string_view session_id() const noexcept override { return id_; }
    const session_env& env() const noexcept override { return env_; }
    const logger& log() const noexcept override { return log_; }
    std::optional<std::uint64_t> may_log(std::string_view event) override { return context_.may_log(event); }
    broadcaster cable() const noexcept override { return context_.cable; }
    bool transmit_text(std::string_view json_text) override;
    void close(std::string_view reason, bool reconnect) override;

private:
    friend class subscription;
    friend class session_table; // keeps its index
    friend class heartbeat;     // keeps its place on the wheel

    task<> run_connect();
    task<> run_hook(task<> hook);
    task<> run_disconnect_hook();
    task<> work(subscription& which);
    task<> execute(subscription& which, command what);
    task<> execute_subscribe(subscription& which);
    task<> execute_unsubscribe(subscription& which);
    task<> end_logic(subscription& which);

    void refuse(const connect_result& answer);
    void welcome(const connect_result& answer);
    void accept(command what);
    void accept_subscribe(std::string identifier);
    void accept_later(subscription& which, command what);
    void answer_duplicate(const subscription& which);
    void fail_command(std::string_view what, error_code why, std::string_view identifier);
    /// Logic must not throw; if it does, that costs its one command.
    void log_broken(std::string_view call, const subscription& which, const std::exception& error) const;
    void note_command_done();
    void watch_queue();
    subscription* find(std::string_view identifier) noexcept;
    void erase(subscription& which);
    task_group& workers();

    void push_text(std::string_view text);
    void push(shared_frame frame);
    void keep_frame(shared_frame frame);
    void keep(std::span<const shared_frame> frames, std::size_t already_sent);
    void send_waiting();
    void account();
    void check_bound();
    void begin_closing();

    struct subscription_row {
        std::size_t hash;
        std::unique_ptr<subscription> which;
    };

    session_context& context_;
    std::string id_;
    session_env env_;
    const codec* protocol_;
    std::unique_ptr<transport> socket_;
    std::unique_ptr<connection_logic> logic_;
    std::string identifiers_;
    std::vector<subscription_row> subscriptions_;                  // in order of arrival; searched by hash: a session has few
    std::unique_ptr<std::vector<command>> backlog_;   // while connecting
    std::unique_ptr<outbox> outbox_;                  // only while something waits
    std::optional<deadline_queue::key> queue_limit_;
    std::optional<deadline_queue::key> close_limit_;
    std::size_t accounted_ = 0;                       // of outbox_, in the node's sum
    logger log_;
    std::uint32_t table_index_ = 0;
    std::uint32_t beat_index_ = 0;
    std::uint32_t pending_commands_ = 0;
    std::uint16_t beat_slot_ = 0;
    session_phase phase_ = session_phase::connecting;
    bool confirms_duplicates_ : 1;
    bool deflate_ : 1;
    bool is_waiting_writable_ : 1 = false;
    bool is_reading_over_ : 1 = false;
    bool is_discarding_ : 1 = false;                  // the peer broke the protocol, or we closed for good
    bool is_overflowed_ : 1 = false;
    bool is_connecting_cut_ : 1 = false;
    bool has_connected_ : 1 = false;
    bool is_connect_running_ : 1 = false;
    bool is_counted_ : 1 = false;
    close_code seen_code_ = close_code::abnormal;     // what the peer's close frame said; 1006 without one
    std::unique_ptr<task_group> workers_;             // last: its children refer to the rest
};

} // namespace coax
