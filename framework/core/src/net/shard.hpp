// SPDX-License-Identifier: MIT
#pragma once

#include "hub/hub_shard.hpp"
#include "net/handshake.hpp"
#include "net/http_router.hpp"
#include "net/listener.hpp"
#include "net/node_state.hpp"
#include "net/request_reader.hpp"
#include "net/websocket.hpp"
#include "protocol/deflate.hpp"
#include "session/heartbeat.hpp"
#include "session/session_context.hpp"
#include "session/session_table.hpp"

#include <coax/config.hpp>
#include <coax/task.hpp>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/intrusive/list.hpp>

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace coax {

class controller;
class hub;

/// What a shard needs of its node; all of it outlives the shard.
struct shard_parts {
    const config& settings;
    hub& streams;
    broadcaster cable;
    controller& logic;
    const handshake& handshakes;
    const http_router& routes;
    node_state& node;
    metric_registry& metrics;
    logger log;
    std::function<std::string()> health_json;
};

/// One thread with its own io_context, run loop, sessions and timers. A session is born here and never leaves.
///
/// The run loop takes what is ready (at most 256 handlers or 2 ms), then drains the mailbox and flushes: that is the turn at whose end
/// all broadcasts of it go out together.
/// Thread rule: `start`, `stop…`, `post` and `index` from any thread; everything else on the shard.
class shard {
public:
    shard(unsigned index, shard_parts parts);
    ~shard();
    shard(const shard&) = delete;
    shard& operator=(const shard&) = delete;

    hub_shard& streams() noexcept { return streams_; }
    unsigned index() const noexcept { return streams_.index(); }
    asio::io_context& context() noexcept { return io_; }

    /// Accepts on `descriptor` (owned from here on) once started.
    void add_listener(int descriptor);
    void start();
    /// Runs `call` on the shard, in order with broadcasts.
    void post(std::function<void()> call) { streams_.post(std::move(call)); }

    /// The stages of stopping, in this order; each calls `done` (on the shard) when it is through.
    void stop_accepting(std::function<void()> done);
    /// Requests that have not come in full or are being answered are cut at once.
    void close_sessions(std::chrono::milliseconds spread, std::function<void()> done);
    /// Cuts what is left; `close_sessions` then ends soon.
    void abort_sessions();
    /// Ends the run loop and joins the thread.
    void stop();

    std::size_t session_count() const noexcept { return session_count_.load(std::memory_order_relaxed); }

private:
    /// A socket before its session; leaves the list with the coroutine that holds it.
    struct half_open : boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
        explicit half_open(int socket) : descriptor(socket) {}
        int descriptor;
    };

    void run();
    template <class Step> bool guarded(Step step) noexcept;
    void shed_load();

    void arm();
    void on_timer();

    void on_accept(int descriptor, int family, std::string peer);
    template <class Completion> void spawn(const char* name, task<> work, Completion ended);
    task<> serve(stream_socket socket, std::string peer);
    task<std::unique_ptr<session>> shake_hands(stream_socket& socket, std::string peer, websocket*& made);
    task<bool> read_request(stream_socket& socket, request_reader& reader);
    task<bool> write_all(stream_socket& socket, std::string text);
    task<> linger(stream_socket& socket);
    std::unique_ptr<session> make_session(stream_socket& socket, accepted_handshake found, std::string unread, websocket*& made);
    void on_served();

    shard_parts parts_;
    asio::io_context io_{1};
    asio::executor_work_guard<executor> work_;
    hub_shard streams_;
    std::atomic<bool> is_stopping_{false};
    std::atomic<std::size_t> session_count_{0};

    steady_timer timer_;
    std::optional<std::chrono::steady_clock::time_point> armed_;
    std::chrono::steady_clock::time_point next_beat_{};
    deadline_queue deadlines_;
    std::unique_ptr<deflater> deflater_;
    std::unique_ptr<inflater> inflater_;
    session_context context_;
    session_table sessions_;
    heartbeat heartbeat_;
    boost::intrusive::list<half_open, boost::intrusive::constant_time_size<false>> half_open_;

    std::vector<std::unique_ptr<listener>> listeners_;
    std::size_t listening_ = 0; // listener coroutines that run
    std::size_t serving_ = 0;   // serve coroutines that run
    std::function<void()> on_stopped_accepting_;
    std::function<void()> on_closed_;
    std::vector<char> scratch_;
    metric& received_;
    metric& refused_;
    metric& timed_out_;
    metric& accept_errors_;
    metric& task_errors_;
    log_limiter refusals_;
    std::thread thread_;
};

} // namespace coax
