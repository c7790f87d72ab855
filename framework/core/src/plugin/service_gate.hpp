// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cstdint>

namespace coax {

/// Counts the calls that are inside something that will be closed one day: nobody enters after it, and those inside are waited for.
///
/// Thread rule: any thread; entering and leaving are wait-free.
class service_gate {
public:
    /// Whether the caller is in; then `leave` must follow.
    [[nodiscard]] bool enter() noexcept
    {
        if ((count_.fetch_add(1, std::memory_order_acquire) & closed) == 0) return true;
        leave();
        return false;
    }

    void leave() noexcept
    {
        const auto before = count_.fetch_sub(1, std::memory_order_release);
        if (before == (closed | 1)) count_.notify_all();
    }

    /// Nobody enters from now on. Answers whether nobody is inside.
    bool close() noexcept { return (count_.fetch_or(closed, std::memory_order_acq_rel) & ~closed) == 0; }

    bool is_closed() const noexcept { return (count_.load(std::memory_order_acquire) & closed) != 0; }
    bool is_empty() const noexcept { return (count_.load(std::memory_order_acquire) & ~closed) == 0; }

    /// `close`, then blocks until all are out. Only where those inside never block themselves.
    void close_and_wait() noexcept
    {
        close();
        for (auto seen = count_.load(std::memory_order_acquire); seen != closed; seen = count_.load(std::memory_order_acquire))
            count_.wait(seen, std::memory_order_acquire);
    }

private:
    static constexpr std::uint32_t closed = 1u << 31;
    std::atomic<std::uint32_t> count_{0};
};

/// Leaves on scope exit, if it got in.
class gate_pass {
public:
    explicit gate_pass(service_gate& gate) noexcept : gate_(gate.enter() ? &gate : nullptr) {}
    ~gate_pass()
    {
        if (gate_) gate_->leave();
    }
    gate_pass(const gate_pass&) = delete;
    gate_pass& operator=(const gate_pass&) = delete;
    explicit operator bool() const noexcept { return gate_ != nullptr; }

private:
    service_gate* gate_;
};

} // namespace coax
