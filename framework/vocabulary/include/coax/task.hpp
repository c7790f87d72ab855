// SPDX-License-Identifier: MIT
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/io_context.hpp>

#include <chrono>

namespace coax {

namespace asio = boost::asio;

/// The executor of every coroutine, socket and timer: a concrete one, since a type-erased executor costs memory in each of them.
using executor = asio::io_context::executor_type;

/// A coroutine of this project. Lazy: nothing runs before it is awaited or spawned.
///
/// Thread rule: runs on the executor it was spawned on. Cancellation: terminal, unless a function says otherwise.
/// Inside a task, operations are awaited with `asio::deferred`. Coroutine parameters are taken by value.
template <class T = void>
using task = asio::awaitable<T, executor>;

/// A timer on the monotonic clock with the concrete executor.
using steady_timer = asio::basic_waitable_timer<std::chrono::steady_clock, asio::wait_traits<std::chrono::steady_clock>, executor>;

} // namespace coax
