// SPDX-License-Identifier: MIT
#pragma once

#include <coax/sdk/detail/convert.hpp>

#include <coax/abi/base.h>
#include <coax/task.hpp>

#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/post.hpp>
#include <boost/intrusive/list_hook.hpp>
#include <boost/smart_ptr/intrusive_ptr.hpp>

#include <atomic>
#include <cstdint>
#include <exception>
#include <utility>

namespace coax::sdk::detail {

/// One started operation: what `coax_call` points to. Two owners, the host until `release` and the plugin until its coroutine has
/// ended; the second to leave frees it.
///
/// Thread rule: the plugin's executor, but for `cancel` and the count of owners.
class call : public boost::intrusive::list_base_hook<> {
public:
    call(executor where, const coax_done& done) : executor_(std::move(where)), done_(done) {}

    static call* from_handle(coax_call* handle) noexcept { return reinterpret_cast<call*>(handle); }
    /// The host's share of the ownership, as it leaves for the host.
    coax_call* share_with_host() noexcept
    {
        intrusive_ptr_add_ref(this);
        return reinterpret_cast<coax_call*>(this);
    }

    /// Tells the host, the first time; further ends of the same call are nobody's business.
    void finish(const std::exception_ptr& thrown, const result<void>& outcome) noexcept
    {
        if (std::exchange(is_finished_, true)) return;
        complete(done_, thrown, outcome);
    }
    bool is_finished() const noexcept { return is_finished_; }

    asio::cancellation_slot slot() noexcept { return signal_.slot(); }
    /// On the executor only: a signal is emitted where its task runs.
    void emit_cancel() { signal_.emit(asio::cancellation_type::terminal); }

    /// Any thread. Holds a share of its own, since the host may release before it has run.
    static void cancel(boost::intrusive_ptr<call> which)
    {
        auto where = which->executor_;
        asio::post(where, [which = std::move(which)] {
            if (!which->is_finished_) which->emit_cancel();
        });
    }

    friend void intrusive_ptr_add_ref(call* which) noexcept { which->owners_.fetch_add(1, std::memory_order_relaxed); }
    friend void intrusive_ptr_release(call* which) noexcept
    {
        if (which->owners_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete which;
    }

private:
    executor executor_;
    coax_done done_;
    asio::cancellation_signal signal_;
    std::atomic<std::uint32_t> owners_{0};
    bool is_finished_ = false;
};

using call_ptr = boost::intrusive_ptr<call>;

} // namespace coax::sdk::detail
