// SPDX-License-Identifier: MIT
#pragma once

#include "plugin/call_table.hpp"

#include <coax/error.hpp>
#include <coax/task.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <utility>

namespace coax {

/// How long a cancelled call may still take before it is given up.
inline constexpr std::chrono::milliseconds abandon_after{1'000};

/// How an awaited call ended.
struct call_outcome {
    result<void> answer;
    bool is_abandoned = false; ///< the plugin has not completed it: it may still be at it
};

/// What a call does to the plugin: starts with this ticket and answers the plugin's block.
using call_starter = std::function<coax_call*(coax_done ticket)>;

namespace detail {

/// One awaited call. Shared with its completion, which may be destroyed on another thread long after the executor: hence no timer in it.
struct awaited_call {
    explicit awaited_call(steady_timer& timer) : where(timer.get_executor()), alarm(timer) {}

    const executor where;
    steady_timer& alarm; ///< of the coroutine: set to the current deadline, cancelled when the call has completed
    bool has_completed = false;
    error_code error;
    std::atomic<bool> has_left{false}; ///< the completing thread has returned from the executor
};

inline call_table::completion completion_of(const std::shared_ptr<awaited_call>& state)
{
    // Always posted, also when completed inline: a coroutine is never resumed inside its own start.
    return [state](error_code error) {
        asio::post(state->where, [state, error] {
            state->has_completed = true;
            state->error = error;
            state->alarm.cancel();
        });
        state->has_left.store(true, std::memory_order_release);
        state->has_left.notify_one();
    };
}

/// Returns at the completion, at the deadline, or when the task is cancelled.
inline task<> wait_until(std::shared_ptr<awaited_call> state, std::chrono::steady_clock::time_point deadline)
{
    if (state->has_completed) co_return;
    state->alarm.expires_at(deadline);
    auto wait = state->alarm.async_wait(asio::as_tuple(asio::deferred));
    co_await std::move(wait);
}

} // namespace detail

/// Awaits a C call: its completion, or errc::timed_out after `limit`.
///
/// At the limit, or when the task is cancelled, the plugin is asked to cancel and given `abandon_after`; then the call is abandoned and a
/// late completion frees its block and nothing else. The waiting timer is outstanding work, so that the executor cannot stop meanwhile.
/// Cancellation: terminal; answers errc::cancelled, after the same grace. `what` is a literal that names the call.
/// `owner` and `table` must outlive the call.
inline task<call_outcome> await_call(host_services& owner, const coax_adapter_vtable& table, const char* what, call_starter start,
    std::chrono::milliseconds limit)
{
    auto where = co_await asio::this_coro::executor;
    const bool did_throw = co_await asio::this_coro::throw_if_cancelled();
    // The end is awaited after a cancellation too.
    co_await asio::this_coro::throw_if_cancelled(false);
    const auto deadline = std::chrono::steady_clock::now() + limit;
    steady_timer alarm(where);
    const auto state = std::make_shared<detail::awaited_call>(alarm);
    auto& calls = call_table::of_process();
    const auto ticket = calls.open(owner, table, what, detail::completion_of(state));
    calls.started(ticket, start(ticket));

    co_await detail::wait_until(state, deadline);
    call_outcome outcome;
    auto error = state->error;
    if (!state->has_completed) {
        const auto cancellation = co_await asio::this_coro::cancellation_state;
        error = cancellation.cancelled() != asio::cancellation_type::none ? errc::cancelled : errc::timed_out;
        calls.cancel(ticket);
        // The signal that ended the first wait is spent; this one ends by completion or time.
        co_await detail::wait_until(state, std::chrono::steady_clock::now() + abandon_after);
        if (!state->has_completed) {
            outcome.is_abandoned = calls.abandon(ticket);
            if (outcome.is_abandoned) owner.call_abandoned(what);
        }
        // Not abandoned: it is completing at this moment, and what it posts refers to this executor.
        const bool is_coming = !outcome.is_abandoned;
        while (is_coming && !state->has_completed) co_await detail::wait_until(state, std::chrono::steady_clock::time_point::max());
        if (state->has_completed && !state->error) error = {}; // it won the race
    }
    // The caller may end the executor next; the other thread has only the tail of its post left.
    if (state->has_completed) state->has_left.wait(false, std::memory_order_acquire);
    co_await asio::this_coro::throw_if_cancelled(did_throw);
    if (error) outcome.answer = error;
    co_return outcome;
}

} // namespace coax
