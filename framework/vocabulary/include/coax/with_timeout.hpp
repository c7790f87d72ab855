// SPDX-License-Identifier: MIT
#pragma once

#include <coax/error.hpp>
#include <coax/task.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/experimental/parallel_group.hpp>
#include <boost/asio/this_coro.hpp>

#include <exception>
#include <utility>

namespace coax {

namespace detail {

template <class T>
auto race_with_timer(const executor& where, task<result<T>> work, steady_timer& timer)
{
    return asio::experimental::make_parallel_group(asio::co_spawn(where, std::move(work), asio::deferred), timer.async_wait(asio::deferred))
        .async_wait(asio::experimental::wait_for_one(), asio::deferred);
}

} // namespace detail

/// The result of `work`, or errc::timed_out after `limit`.
///
/// `work` is cancelled (terminal) when the limit passes or the caller is cancelled, and has ended when this returns; so a `work`
/// that ignores cancellation delays the return. An exception of `work` is rethrown, unless the limit had passed.
template <class T>
task<result<T>> with_timeout(task<result<T>> work, std::chrono::steady_clock::duration limit)
{
    auto where = co_await asio::this_coro::executor;
    steady_timer timer(where, limit);
    auto race = detail::race_with_timer<T>(where, std::move(work), timer);
    auto [order, error, outcome, timer_error] = co_await std::move(race);
    const bool timer_first = order[0] == 1 && !timer_error;
    if (error) {
        if (timer_first) co_return make_error_code(errc::timed_out);
        std::rethrow_exception(error);
    }
    if (timer_first && !outcome.has_value()) co_return make_error_code(errc::timed_out);
    co_return std::move(outcome);
}

} // namespace coax
