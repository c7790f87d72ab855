// SPDX-License-Identifier: MIT
#pragma once

#include <coax/sdk/adapter.hpp>
#include <coax/sdk/detail/call.hpp>
#include <coax/sdk/host.hpp>
#include <coax/sdk/runtime.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/intrusive/list.hpp>

#include <chrono>
#include <cstddef>
#include <exception>
#include <memory>
#include <utility>
#include <vector>

namespace coax::sdk::detail {

/// One adapter with its executor and the operations the host has started on it: what `self` of the function table points to.
///
/// Thread rule: `begin` and `begin_stop` from any thread, everything else on the executor.
class instance {
public:
    explicit instance(const coax_host& table) : host_(table, runtime_.get_executor()), drained_(runtime_.get_executor()) {}
    instance(const instance&) = delete;
    instance& operator=(const instance&) = delete;

    const host& the_host() const noexcept { return host_; }

    /// Takes the adapter and starts the thread.
    void run(std::unique_ptr<subscription_adapter> adapter)
    {
        adapter_ = std::move(adapter);
        runtime_.start([host = host_](const std::exception_ptr& thrown) {
            try {
                host.error("plugin.exception", {{"what", describe(thrown).words}});
            } catch (...) { // out of memory for a log line
            }
        });
    }

    /// Runs `launch(adapter)`, which answers the author's coroutine, on the executor; `done` comes once whatever happens.
    ///
    /// Always posted: called from within the author's own `deliver`, it must not run his code inside his code.
    template <class Launch>
    coax_call* begin(const coax_done& done, Launch launch) noexcept
    {
        try {
            call_ptr started(new call(runtime_.get_executor(), done));
            asio::post(runtime_.get_executor(), [this, started, launch = std::move(launch)]() mutable { spawn(std::move(started), std::move(launch)); });
            return started->share_with_host();
        } catch (...) {
            complete_out_of_memory(done);
            return nullptr;
        }
    }

    coax_call* begin_stop(std::chrono::milliseconds limit, const coax_done& done) noexcept
    {
        try {
            const call_ptr started(new call(runtime_.get_executor(), done));
            asio::post(runtime_.get_executor(), [this, started, limit] { spawn_stop(started, limit); });
            return started->share_with_host();
        } catch (...) {
            complete_out_of_memory(done);
            return nullptr;
        }
    }

    /// Frees the instance; one whose coroutines ignored their cancellation is kept, since their frames refer to the adapter.
    static void destroy(instance* which) noexcept
    {
        which->runtime_.join();
        if (which->running_ > 0) {
            static auto& kept = *new std::vector<instance*>;
            kept.push_back(which);
            return;
        }
        delete which;
    }

private:
    template <class Launch>
    void spawn(call_ptr which, Launch launch)
    {
        if (is_stopping_) return which->finish({}, make_error_code(errc::shutting_down));
        pending_.push_back(*which);
        ++running_;
        try {
            // An author's function that is no coroutine may throw here.
            auto work = launch(*adapter_);
            asio::co_spawn(runtime_.get_executor(), std::move(work),
                asio::bind_cancellation_slot(which->slot(), [this, which](std::exception_ptr thrown, result<void> outcome) { end(*which, thrown, outcome); }));
        } catch (...) {
            end(*which, std::current_exception(), {});
        }
    }

    void end(call& which, const std::exception_ptr& thrown, const result<void>& outcome)
    {
        --running_;
        if (which.is_linked()) pending_.erase(pending_.iterator_to(which));
        which.finish(thrown, outcome);
        if (is_stopping_ && pending_.empty()) drained_.cancel();
    }

    void spawn_stop(const call_ptr& which, std::chrono::milliseconds limit)
    {
        ++running_;
        asio::co_spawn(runtime_.get_executor(), stop_all(limit),
            asio::bind_cancellation_slot(which->slot(), [this, which](std::exception_ptr thrown, result<void> outcome) {
                --running_;
                which->finish(thrown, outcome);
                // No call in either direction after this, whatever the author has left running.
                runtime_.stop();
            }));
    }

    task<result<void>> stop_all(std::chrono::milliseconds limit)
    {
        const auto deadline = std::chrono::steady_clock::now() + limit;
        is_stopping_ = true;
        cancel_pending();
        std::exception_ptr thrown;
        result<void> outcome;
        try {
            auto work = adapter_->stop(limit);
            outcome = co_await std::move(work);
        } catch (...) {
            thrown = std::current_exception();
        }
        // What follows must run also when the stop itself was cancelled.
        co_await asio::this_coro::reset_cancellation_state();
        if (!pending_.empty()) {
            drained_.expires_at(deadline);
            auto wait = drained_.async_wait(asio::as_tuple(asio::deferred));
            co_await std::move(wait);
        }
        while (!pending_.empty()) {
            // A coroutine that ignores its cancellation: its call is answered, it itself ends with the context.
            const call_ptr left(&pending_.front());
            pending_.pop_front();
            left->finish({}, make_error_code(errc::cancelled));
        }
        // This one, the stop, is still running.
        if (running_ > 1) host_.error("plugin.coroutine_left", {{"count", running_ - 1}, {"remedy", "end soon after a cancellation"}});
        if (thrown) std::rethrow_exception(thrown);
        co_return outcome;
    }

    void cancel_pending()
    {
        std::vector<call_ptr> now; // a call may end, and so leave the list, while its signal is emitted
        for (auto& which : pending_) now.emplace_back(&which);
        for (const auto& which : now) which->emit_cancel();
    }

    // The context outlives the adapter, whose sockets and timers belong to it.
    runtime runtime_;
    host host_;
    steady_timer drained_;
    boost::intrusive::list<call> pending_;
    std::size_t running_ = 0; ///< coroutines of the author that have not ended
    bool is_stopping_ = false;
    std::unique_ptr<subscription_adapter> adapter_;
};

} // namespace coax::sdk::detail
