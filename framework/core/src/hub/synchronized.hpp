// SPDX-License-Identifier: MIT
#pragma once

#include <coax/task.hpp>

#include <mutex>
#include <type_traits>
#include <utility>

namespace coax {

namespace detail {

template <class T>
struct is_coroutine_type : std::false_type {};
template <class T, class Executor>
struct is_coroutine_type<asio::awaitable<T, Executor>> : std::true_type {};

} // namespace detail

/// A value that cannot be reached without its lock.
///
/// `with_lock` calls `use(value)` under the lock and returns what it returns. That is neither a reference nor a coroutine: both
/// would go on after the lock is gone, so they do not compile. Keep the callable short, without calls into other code.
/// Thread rule: any thread; not recursive.
/// Source: what `Mutex<T>` does in Rust; mission-map L4.
template <class T>
class synchronized {
public:
    template <class... Args>
    explicit synchronized(Args&&... args) : value_(std::forward<Args>(args)...) {}
    synchronized(const synchronized&) = delete;
    synchronized& operator=(const synchronized&) = delete;

    template <class Use>
    auto with_lock(Use&& use) -> std::invoke_result_t<Use, T&>
    {
        check_answer<std::invoke_result_t<Use, T&>>();
        const std::lock_guard guard(mutex_);
        return std::forward<Use>(use)(value_);
    }

    template <class Use>
    auto with_lock(Use&& use) const -> std::invoke_result_t<Use, const T&>
    {
        check_answer<std::invoke_result_t<Use, const T&>>();
        const std::lock_guard guard(mutex_);
        return std::forward<Use>(use)(value_);
    }

private:
    template <class Answer>
    static constexpr void check_answer() noexcept
    {
        static_assert(!std::is_reference_v<Answer>, "a reference would outlive the lock");
        static_assert(!detail::is_coroutine_type<Answer>::value, "a coroutine would run after the lock is gone");
    }

    mutable std::mutex mutex_;
    T value_;
};

} // namespace coax
