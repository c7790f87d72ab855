// SPDX-License-Identifier: MIT
#pragma once

#include "hub/adapter_port.hpp"
#include "plugin/host_services.hpp"

#include <coax/abi/adapter.h>
#include <coax/result.hpp>

#include <array>
#include <atomic>
#include <cstdint>
#include <deque>
#include <mutex>

namespace coax {

/// The calls that plugins have not completed yet, and what makes a wrong completion harmless.
///
/// The `ctx` of a completion is not a pointer but a ticket: place and generation. A second, late or invented completion therefore
/// finds that its ticket is not in force, and is counted; nothing is ever dereferenced on a plugin's word. For the same reason there is
/// one table for the whole process and it is never destroyed: plugins are never unloaded, so one may call at any time.
///
/// A place is given back when its call is both completed and held by nobody: the starting function and a running `cancel` each
/// hold it, so that `release` follows them (adapter.h).
/// Thread rule: any thread. Nothing of the plugin or of the caller is called under a lock.
class call_table {
public:
    using completion = adapter_port::completion;

    /// The process's one: see above why there is no other.
    static call_table& of_process();

    /// A place for a call that is about to start; `what` is a literal that names it. `done` is called at most once, inside the gate of
    /// `owner`: on completion, or never after `abandon`.
    coax_done open(host_services& owner, const coax_adapter_vtable& table, const char* what, completion done);
    /// The starting function has returned `call`.
    void started(const coax_done& ticket, coax_call* call) noexcept;
    /// Asks the plugin to end the call, if it has not completed.
    void cancel(const coax_done& ticket) noexcept;
    /// Forgets `done`. False if it has been or is being called. A late completion still releases the plugin's block.
    bool abandon(const coax_done& ticket) noexcept;
    /// Gives the place back; later completions count as violations. For `create`, whose report is optional.
    void discard(const coax_done& ticket) noexcept;
    /// Completes every call of `owner` that is still there with `error`; its gate must be closed. The plugin is not called any more.
    void abandon_all(host_services& owner, error_code error);

    /// Completions whose ticket was not in force and whose owner is no longer known.
    std::uint64_t stray_count() const noexcept { return strays_.load(std::memory_order_relaxed); }

private:
    struct place {
        std::uint32_t generation = 1;
        std::uint8_t holds = 0;
        bool open = false;
        bool completed = false;
        const char* what = "";
        host_services* owner = nullptr;
        const coax_adapter_vtable* table = nullptr;
        coax_call* call = nullptr;
        completion done;
    };
    /// Threads are spread over stripes, so that shards that publish at the same time do not meet.
    struct alignas(64) stripe {
        std::mutex mutex;
        std::deque<place> places; ///< grows to the most calls ever pending at once; addresses are stable
        std::deque<std::uint32_t> free; ///< first in, first out: a place rests as long as possible before it is used again
    };
    static constexpr std::size_t stripe_count = 16;
    struct ticket_parts;

    static void on_done(void* ctx, const coax_error* error, const void* result) noexcept;
    static ticket_parts parts_of(const void* ctx) noexcept;
    void complete(const void* ctx, const coax_error* error) noexcept;
    place* find(stripe& where, const ticket_parts& ticket) noexcept;
    void give_back(stripe& where, place& which, std::uint32_t index) noexcept;
    void drop_hold(const coax_done& ticket) noexcept;
    void count_wrong(host_services* owner, const char* what) noexcept;

    std::array<stripe, stripe_count> stripes_;
    std::atomic<std::uint64_t> strays_{0};
};

} // namespace coax
