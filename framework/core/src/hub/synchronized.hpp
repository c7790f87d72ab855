// SPDX-License-Identifier: MIT
#pragma once

#include <mutex>
#include <type_traits>
#include <utility>

namespace coax {

/// A value that cannot be reached without its lock.
///
/// `with_lock` calls `use(value)` under the lock and returns what it returns, which must not be a reference: nothing of the value
/// may outlive the lock. Keep the callable short, without calls into other code and never a coroutine.
/// Thread rule: any thread.
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
        static_assert(!std::is_reference_v<std::invoke_result_t<Use, T&>>, "nothing of the value may outlive the lock");
        const std::lock_guard guard(mutex_);
        return std::forward<Use>(use)(value_);
    }

    template <class Use>
    auto with_lock(Use&& use) const -> std::invoke_result_t<Use, const T&>
    {
        static_assert(!std::is_reference_v<std::invoke_result_t<Use, const T&>>, "nothing of the value may outlive the lock");
        const std::lock_guard guard(mutex_);
        return std::forward<Use>(use)(value_);
    }

private:
    mutable std::mutex mutex_;
    T value_;
};

} // namespace coax
