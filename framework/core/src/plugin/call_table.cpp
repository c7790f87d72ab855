// SPDX-License-Identifier: MIT
#include "plugin/call_table.hpp"

#include "plugin/abi_convert.hpp"

#include <new>
#include <utility>
#include <vector>

namespace coax {

static_assert(sizeof(void*) >= 8, "a ticket needs 64 bits: 32 of generation, 28 of index, 4 of stripe");

struct call_table::ticket_parts {
    std::size_t stripe;
    std::uint32_t index;
    std::uint32_t generation;

    void* ctx() const noexcept
    {
        return reinterpret_cast<void*>((std::uintptr_t(generation) << 32) | (std::uintptr_t(index) << 4) | stripe);
    }
};

call_table::ticket_parts call_table::parts_of(const void* ctx) noexcept
{
    const auto bits = reinterpret_cast<std::uintptr_t>(ctx);
    return {bits & (stripe_count - 1), static_cast<std::uint32_t>(bits & 0xffffffff) >> 4, static_cast<std::uint32_t>(bits >> 32)};
}

call_table& call_table::of_process()
{
    static auto& table = *new call_table; // never destroyed: plugin threads may outlive static destruction
    return table;
}

call_table::place* call_table::find(stripe& where, const ticket_parts& ticket) noexcept
{
    if (ticket.index >= where.places.size()) return nullptr;
    auto& found = where.places[ticket.index];
    return found.open && found.generation == ticket.generation ? &found : nullptr;
}

void call_table::give_back(stripe& where, place& which, std::uint32_t index) noexcept
{
    which.open = false;
    which.call = nullptr;
    if (++which.generation == 0) which.generation = 1;
    try {
        where.free.push_back(index);
    } catch (const std::bad_alloc&) { // the place stays unused for good; 28 bits of them are enough
    }
}

coax_done call_table::open(host_services& owner, const coax_adapter_vtable& table, const char* what, completion done)
{
    static std::atomic<unsigned> next_home{0};
    thread_local const unsigned home = next_home.fetch_add(1, std::memory_order_relaxed) % stripe_count;
    auto& where = stripes_[home];
    const std::scoped_lock lock(where.mutex);
    std::uint32_t index = 0;
    // A few places always rest, so that a second completion soon after the first still finds whose it was.
    constexpr std::size_t resting = 64;
    if (where.free.size() > resting) {
        index = where.free.front();
        where.free.pop_front();
    } else {
        index = static_cast<std::uint32_t>(where.places.size());
        where.places.emplace_back();
    }
    auto& made = where.places[index];
    made.holds = 1;
    made.open = true;
    made.completed = false;
    made.what = what;
    made.owner = &owner;
    made.table = &table;
    made.done = std::move(done);
    const ticket_parts ticket{home, index, made.generation};
    return {&call_table::on_done, ticket.ctx()};
}

void call_table::on_done(void* ctx, const coax_error* error, const void*) noexcept { of_process().complete(ctx, error); }

void call_table::complete(const void* ctx, const coax_error* error) noexcept
{
    const auto ticket = parts_of(ctx);
    auto& where = stripes_[ticket.stripe];
    std::unique_lock lock(where.mutex);
    auto* found = find(where, ticket);
    if (!found || found->completed) {
        // The generation before: the place has only just been given back, so its last owner is the one who errs.
        host_services* owner = nullptr;
        const char* what = "a completion that belongs to no call";
        if (ticket.index < where.places.size()) {
            const auto& last = where.places[ticket.index];
            const bool just_before = !last.open && last.generation == ticket.generation + 1;
            if (found || just_before) {
                owner = last.owner;
                what = "a call was completed twice";
            }
        }
        lock.unlock();
        return count_wrong(owner, what);
    }
    auto& owner = *found->owner;
    if (!owner.gate().enter()) {
        lock.unlock();
        return owner.refused(); // `abandon_all` has answered or will answer for it
    }
    found->completed = true;
    const auto done = std::exchange(found->done, {});
    const auto* table = found->table;
    const auto* what = found->what;
    coax_call* to_release = nullptr;
    if (found->holds == 0) {
        to_release = found->call;
        give_back(where, *found, ticket.index);
    }
    lock.unlock();

    const auto code = error_from_abi(error);
    if (code) owner.call_failed(what, code, message_from_abi(error));
    if (to_release) table->release(to_release);
    if (done) done(code);
    owner.gate().leave();
}

void call_table::started(const coax_done& ticket, coax_call* call) noexcept
{
    const auto parts = parts_of(ticket.ctx);
    auto& where = stripes_[parts.stripe];
    {
        const std::scoped_lock lock(where.mutex);
        if (auto* found = find(where, parts)) found->call = call;
    }
    drop_hold(ticket);
}

void call_table::drop_hold(const coax_done& ticket) noexcept
{
    const auto parts = parts_of(ticket.ctx);
    auto& where = stripes_[parts.stripe];
    std::unique_lock lock(where.mutex);
    auto* found = find(where, parts);
    if (!found || --found->holds > 0 || !found->completed) return;
    auto* const call = found->call;
    const auto* const table = found->table;
    give_back(where, *found, parts.index);
    lock.unlock();
    if (call) table->release(call);
}

void call_table::cancel(const coax_done& ticket) noexcept
{
    const auto parts = parts_of(ticket.ctx);
    auto& where = stripes_[parts.stripe];
    std::unique_lock lock(where.mutex);
    auto* found = find(where, parts);
    if (!found || found->completed || !found->call) return;
    ++found->holds; // `release` waits until `cancel` has returned
    auto* const call = found->call;
    const auto* const table = found->table;
    lock.unlock();
    table->cancel(call);
    drop_hold(ticket);
}

bool call_table::abandon(const coax_done& ticket) noexcept
{
    const auto parts = parts_of(ticket.ctx);
    auto& where = stripes_[parts.stripe];
    completion forgotten; // destroyed outside the lock
    const std::scoped_lock lock(where.mutex);
    auto* found = find(where, parts);
    if (!found || found->completed) return false;
    forgotten.swap(found->done);
    return true;
}

void call_table::discard(const coax_done& ticket) noexcept
{
    const auto parts = parts_of(ticket.ctx);
    auto& where = stripes_[parts.stripe];
    completion forgotten;
    const std::scoped_lock lock(where.mutex);
    auto* found = find(where, parts);
    if (!found) return;
    forgotten.swap(found->done);
    give_back(where, *found, parts.index);
}

void call_table::abandon_all(host_services& owner, error_code error)
{
    std::vector<completion> left;
    for (auto& where : stripes_) {
        const std::scoped_lock lock(where.mutex);
        for (std::uint32_t i = 0; i < where.places.size(); ++i) {
            auto& which = where.places[i];
            if (!which.open || which.owner != &owner) continue;
            if (which.done) left.push_back(std::exchange(which.done, {}));
            give_back(where, which, i);
        }
    }
    for (const auto& done : left) done(error);
}

void call_table::count_wrong(host_services* owner, const char* what) noexcept
{
    if (!owner) {
        strays_.fetch_add(1, std::memory_order_relaxed);
        return;
    }
    const gate_pass inside(owner->gate());
    if (inside)
        owner->violation(what);
    else
        owner->refused();
}

} // namespace coax
