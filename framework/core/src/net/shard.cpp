// SPDX-License-Identifier: MIT
#include "net/shard.hpp"

#include "controller/controller.hpp"
#include "hub/hub.hpp"
#include "observe/metric_names.hpp"
#include "protocol/codec.hpp"
#include "protocol/disconnect_reason.hpp"

#include <coax/error.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>

#include <sys/socket.h>

#include <unistd.h>

#include <algorithm>
#include <utility>

namespace coax {

namespace {

constexpr int handlers_per_turn = 256;
constexpr std::chrono::milliseconds turn_limit{2};
constexpr std::size_t scratch_size = 64 * 1024;

std::chrono::steady_clock::time_point steady_now()
{
    return std::chrono::steady_clock::now();
}

std::int64_t unix_seconds()
{
    return std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch()).count();
}

hub_shard::options hub_options(unsigned index, const config& settings)
{
    hub_shard::options out;
    out.index = index;
    out.deflate_threshold = settings.session.deflate_threshold;
    out.max_held_bytes = settings.session.max_pending_bytes;
    return out;
}

session_context make_context(shard_parts& parts, executor where, hub_shard& streams, deadline_queue& deadlines, deflater* deflate)
{
    return session_context{where,
                           streams,
                           parts.cable,
                           parts.logic,
                           parts.settings.session,
                           parts.settings.handshake.keep_headers,
                           parts.log,
                           session_metrics(parts.metrics),
                           deadlines,
                           parts.node.load,
                           deflate,
                           steady_now,
                           parts.settings.log.client_errors_per_second};
}

} // namespace

shard::shard(unsigned index, shard_parts parts)
    : parts_(std::move(parts)), work_(io_.get_executor()),
      streams_(parts_.streams, hub_options(index, parts_.settings), parts_.metrics, [this] { asio::post(io_.get_executor(), [] {}); }),
      timer_(io_.get_executor()), deadlines_([this] { arm(); }),
      deflater_(parts_.settings.session.deflate ? std::make_unique<deflater>() : nullptr),
      inflater_(parts_.settings.session.deflate ? std::make_unique<inflater>() : nullptr),
      context_(make_context(parts_, io_.get_executor(), streams_, deadlines_, deflater_.get())),
      heartbeat_(parts_.settings.session.ping_interval, json_codec()), scratch_(scratch_size),
      received_(metric_names::bytes_received_total.in(parts_.metrics)), refused_(metric_names::handshakes_refused_total.in(parts_.metrics)),
      timed_out_(metric_names::handshakes_timed_out_total.in(parts_.metrics)),
      accept_errors_(metric_names::accept_errors_total.in(parts_.metrics)),
      task_errors_(metric_names::user_exceptions_total.in(parts_.metrics)), refusals_(parts_.settings.log.client_errors_per_second)
{
}

shard::~shard()
{
    stop();
}

// ---- run loop -------------------------------------------------------------------------------------------------------------------

template <class Step>
bool shard::guarded(Step step) noexcept
{
    try {
        return step();
    } catch (const std::exception& error) {
        task_errors_.add();
        parts_.log.error("shard.handler_failed", {{"shard", index()}, {"error", error.what()}});
        return true;
    } catch (...) { // application code may throw anything
        task_errors_.add();
        parts_.log.error("shard.handler_failed", {{"shard", index()}, {"error", "an exception that is no std::exception"}});
        return true;
    }
}

void shard::run()
{
    while (!is_stopping_.load(std::memory_order_acquire)) {
        guarded([&] { return io_.run_one() > 0; });
        const auto began = steady_now();
        for (int taken = 1; taken < handlers_per_turn; ++taken) {
            if (!guarded([&] { return io_.poll_one() > 0; })) break;
            if (taken % 16 == 0 && steady_now() - began > turn_limit) break;
        }
        guarded([&] {
            streams_.drain();
            streams_.flush();
            shed_load();
            return true;
        });
    }
}

void shard::shed_load()
{
    // The sum is the node's, the sessions are this shard's: one a turn, and only one that holds more than its share, so that a shard
    // does not pay with its sessions for what another one has.
    const auto limit = parts_.settings.session.max_pending_total;
    if (parts_.node.load.pending_bytes.load(std::memory_order_relaxed) <= limit) return;
    auto* heaviest = sessions_.heaviest();
    if (!heaviest) return;
    const auto share = limit / std::max<std::size_t>(1, parts_.node.connections.load(std::memory_order_relaxed));
    if (heaviest->pending_bytes() < share) return;
    heaviest->too_slow();
    asio::post(io_.get_executor(), [] {}); // another turn, should one not have been enough
}

void shard::start()
{
    for (auto& each : listeners_) {
        ++listening_;
        spawn("listener", each->run(), [this] {
            if (--listening_ == 0 && on_stopped_accepting_) std::exchange(on_stopped_accepting_, {})();
        });
    }
    thread_ = std::thread([this] { run(); });
}

void shard::stop()
{
    if (!thread_.joinable()) return;
    post([this] { is_stopping_.store(true, std::memory_order_release); });
    thread_.join();
}

// ---- time -----------------------------------------------------------------------------------------------------------------------

void shard::arm()
{
    auto next = deadlines_.next();
    if (heartbeat_.is_on() && !heartbeat_.is_empty() && (!next || next_beat_ < *next)) next = next_beat_;
    if (!next || (armed_ && *armed_ <= *next)) return;
    armed_ = next;
    timer_.expires_at(*next);
    timer_.async_wait([this](error_code error) {
        if (!error) on_timer();
    });
}

void shard::on_timer()
{
    armed_.reset();
    const auto now = steady_now();
    // Each guarded: the timer must be armed again whatever a call does.
    guarded([&] {
        deadlines_.run(now);
        return true;
    });
    if (heartbeat_.is_on() && !heartbeat_.is_empty() && next_beat_ <= now) {
        next_beat_ = now + heartbeat_.tick_length();
        guarded([&] {
            heartbeat_.tick(now, unix_seconds());
            return true;
        });
    }
    arm();
}

// ---- accepting ------------------------------------------------------------------------------------------------------------------

void shard::add_listener(int descriptor)
{
    listeners_.push_back(std::make_unique<listener>(
        io_.get_executor(), descriptor,
        [this](int accepted, int family, std::string peer) { on_accept(accepted, family, std::move(peer)); }, parts_.log, accept_errors_));
}

template <class Completion>
void shard::spawn(const char* name, task<> work, Completion ended)
{
    // Owned by a counter instead of a task_group: nothing of it needs a cancellation signal, since closing its socket ends it, and a
    // signal per idle session costs memory.
    asio::co_spawn(io_.get_executor(), std::move(work), [this, name, ended](std::exception_ptr failed) {
        if (failed) {
            guarded([&]() -> bool { std::rethrow_exception(failed); });
            parts_.log.error("shard.task_failed", {{"task", name}});
        }
        ended();
    });
}

void shard::on_accept(int descriptor, int family, std::string peer)
{
    stream_socket socket(io_.get_executor());
    error_code error;
    socket.assign(asio::generic::stream_protocol(family, 0), descriptor, error);
    if (error) {
        ::close(descriptor); // not taken over
        accept_errors_.add();
        parts_.log.error("accept.failed", {{"error", error.message()}});
        return;
    }
    const auto open = parts_.node.connections.fetch_add(1, std::memory_order_relaxed) + 1;
    if (parts_.node.max_connections > 0 && open > parts_.node.max_connections) {
        parts_.node.connections.fetch_sub(1, std::memory_order_relaxed);
        refused_.add();
        if (const auto pass = refusals_.allow(steady_now()))
            parts_.log.warn("accept.refused", {{"error", "server.max_connections is reached"}, {"suppressed", pass.suppressed}});
        return; // closes
    }
    ++serving_;
    try {
        spawn("session", serve(std::move(socket), std::move(peer)), [this] { on_served(); });
    } catch (...) {
        on_served();
        throw;
    }
}

void shard::on_served()
{
    parts_.node.connections.fetch_sub(1, std::memory_order_relaxed);
    if (--serving_ == 0 && on_closed_) std::exchange(on_closed_, {})();
}

// ---- stopping -------------------------------------------------------------------------------------------------------------------

void shard::stop_accepting(std::function<void()> done)
{
    post([this, done = std::move(done)] {
        if (listening_ == 0) {
            done();
            return;
        }
        on_stopped_accepting_ = done;
        for (auto& each : listeners_) each->stop();
    });
}

void shard::close_sessions(std::chrono::milliseconds spread, std::function<void()> done)
{
    post([this, spread, done = std::move(done)] {
        if (serving_ == 0) {
            done();
            return;
        }
        on_closed_ = done;
        // Nobody has been promised anything yet, and one that sends slowly must not hold up the stop for handshake.timeout.
        for (auto& each : half_open_) ::shutdown(each.descriptor, SHUT_RDWR);
        if (spread.count() == 0) {
            sessions_.for_each([](session& each) {
                each.close_with(disconnect_reason::server_restart, true, close_code::going_away, "Server restart");
            });
            return;
        }
        // In slices, so that clients do not come back all at once.
        const auto began = steady_now();
        const auto slices = std::max<std::int64_t>(1, spread.count() / 50);
        for (std::int64_t slice = 0; slice < slices; ++slice) {
            deadlines_.add(began + spread * slice / slices, [this, slice, slices] {
                const auto left = static_cast<std::size_t>(slices - slice);
                auto quota = (sessions_.size() + left - 1) / left;
                sessions_.for_each([&](session& each) {
                    if (quota == 0 || each.phase() >= session_phase::closing) return;
                    --quota;
                    each.close_with(disconnect_reason::server_restart, true, close_code::going_away, "Server restart");
                });
            });
        }
    });
}

void shard::abort_sessions()
{
    post([this] {
        sessions_.for_each([](session& each) {
            each.close_with(disconnect_reason::server_restart, true, close_code::going_away, "Server restart");
            each.flush(); // what was said before, as far as the socket takes it now
            each.socket().abort();
        });
    });
}

} // namespace coax
