// SPDX-License-Identifier: MIT
#pragma once

#include <coax/task.hpp>

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/post.hpp>

#include <exception>
#include <functional>
#include <list>
#include <string_view>
#include <utility>
#include <vector>

namespace coax {

/// Owns child coroutines: no task of ours runs without an owner that can cancel it and wait for its end.
///
/// Declare it as the last member of its owner, and await `join()` before the owner's other members die: a child refers to the group.
/// Thread rule: one executor; every function is called there. Errors: an exception that escapes a child goes to `on_error`.
/// Source: the task group of Beast's flexible-server example.
class task_group {
    // First, because a deduced return type must be known before its use in join.
    auto wait_empty()
    {
        return asio::async_initiate<const asio::deferred_t, void()>(
            [this](auto handler) { waiters_.emplace_back(std::move(handler)); }, asio::deferred);
    }

public:
    using error_handler = std::function<void(std::string_view name, std::exception_ptr error)>;

    task_group(executor where, error_handler on_error) : executor_(std::move(where)), on_error_(std::move(on_error)) {}
    task_group(const task_group&) = delete;
    task_group& operator=(const task_group&) = delete;

    /// Starts `work` on the group's executor. `name` must be a literal: it names the task in error reports.
    void spawn(const char* name, task<> work)
    {
        auto child = children_.emplace(children_.end());
        asio::co_spawn(executor_, std::move(work), asio::bind_cancellation_slot(child->slot(), [this, child, name](std::exception_ptr error) {
            children_.erase(child);
            if (error && on_error_) on_error_(name, error);
            if (children_.empty()) wake();
        }));
    }

    /// Asks every child to end (terminal). Their ends are still awaited by `join`.
    void cancel()
    {
        // A child may end, and so leave the list, while its signal is emitted.
        for (auto child = children_.begin(); child != children_.end();) (child++)->emit(asio::cancellation_type::terminal);
    }

    bool empty() const noexcept { return children_.empty(); }
    std::size_t size() const noexcept { return children_.size(); }

    /// Completes when no child is left. Not cancellable: a child's end is always awaited.
    task<> join()
    {
        // Again after each wake: somebody may have spawned before this resumed.
        while (!children_.empty()) co_await wait_empty();
    }

private:
    void wake()
    {
        for (auto& waiter : std::exchange(waiters_, {})) asio::post(executor_, std::move(waiter));
    }

    executor executor_;
    error_handler on_error_;
    std::list<asio::cancellation_signal> children_;
    std::vector<asio::any_completion_handler<void()>> waiters_;
};

} // namespace coax
