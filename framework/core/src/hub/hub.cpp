// SPDX-License-Identifier: MIT
#include "hub/hub.hpp"

#include "observe/metric_names.hpp"
#include "protocol/codec.hpp"

#include <coax/error.hpp>

#include <boost/assert.hpp>

#include <bit>
#include <utility>

namespace coax {

namespace {

constexpr std::size_t max_stream_bytes = 255;

std::uint64_t bit(const hub_shard& shard) noexcept
{
    return std::uint64_t{1} << shard.index();
}

} // namespace

hub::hub(metric_registry& metrics, logger log)
    : log_(std::move(log)), broadcasts_(metric_names::broadcasts_total.in(metrics)), streams_(metric_names::streams.in(metrics)),
      dropped_(metric_names::payloads_dropped_total.in(metrics)), overloaded_(metric_names::mailbox_overloaded_total.in(metrics))
{
}

hub::~hub() = default;

void hub::add_shard(hub_shard& shard)
{
    BOOST_ASSERT(shard.index() == shards_.size() && shards_.size() < max_shards);
    shards_.push_back(&shard);
}

void hub::publish(std::vector<broadcast_message> messages, broadcaster::completion done)
{
    for (const auto& message : messages) {
        if (message.stream.empty() || message.stream.size() > max_stream_bytes) {
            log_.error("broadcast.refused", {{"stream_bytes", message.stream.size()}, {"error", "a stream name has 1 to 255 bytes"}});
            if (done) done(make_error_code(errc::invalid_argument));
            return;
        }
    }
    if (!adapter_) { // before the start
        log_.error("broadcast.failed", {{"error", "the server has not been started"}});
        if (done) done(make_error_code(errc::adapter_unavailable));
        return;
    }
    broadcasts_.add(static_cast<std::int64_t>(messages.size()));
    adapter_->publish(std::move(messages), [this, done = std::move(done)](error_code error) {
        if (done) {
            done(error);
        } else if (error) {
            log_.error("broadcast.failed", {{"error", error.message()}});
        }
    });
}

std::optional<std::uint32_t> hub::want(hub_shard& shard, std::string_view stream)
{
    auto next = interest_fsm::call::none;
    std::optional<std::uint32_t> awaited;
    std::uint32_t number = 0;
    shared_payload name;
    interests_.with_lock([&](interest_table& table) {
        auto& entry = table.find_or_add(stream);
        if (entry.shards == 0) streams_.add(1);
        entry.shards |= bit(shard);
        if (entry.machine.current() == interest_fsm::state::active) return;
        entry.waiting |= bit(shard);
        next = entry.machine.wanted();
        number = entry.machine.call_number();
        awaited = entry.machine.awaited_number();
        name = entry.name;
    });
    call_adapter(std::move(name), next, number);
    return awaited;
}

void hub::unwant(hub_shard& shard, std::string_view stream)
{
    auto next = interest_fsm::call::none;
    std::uint32_t number = 0;
    shared_payload name;
    interests_.with_lock([&](interest_table& table) {
        auto* entry = table.find(stream);
        if (!entry || !(entry->shards & bit(shard))) return;
        entry->shards &= ~bit(shard);
        entry->waiting &= ~bit(shard);
        if (entry->shards != 0) return;
        streams_.add(-1);
        next = entry->machine.unwanted();
        number = entry->machine.call_number();
        name = entry->name;
        table.erase_if_idle(*entry);
    });
    call_adapter(std::move(name), next, number);
}

void hub::call_adapter(shared_payload stream, interest_fsm::call what, std::uint32_t number)
{
    // Outside of the lock: an adapter may complete before it returns.
    switch (what) {
    case interest_fsm::call::none: return;
    case interest_fsm::call::subscribe:
        adapter_->subscribe(std::string(stream.view()), [this, stream, number](error_code error) { on_subscribed(stream, number, error); });
        return;
    case interest_fsm::call::unsubscribe:
        adapter_->unsubscribe(std::string(stream.view()), [this, stream, number](error_code) { on_unsubscribed(stream, number); });
        return;
    }
}

void hub::on_subscribed(shared_payload stream, std::uint32_t number, error_code error)
{
    interest_fsm::outcome outcome;
    std::uint32_t next_number = 0;
    std::uint64_t to_wake = 0;
    interests_.with_lock([&](interest_table& table) {
        auto* entry = table.find(stream.view());
        if (!entry) return;
        outcome = entry->machine.subscribed(number, !error, entry->shards != 0);
        if (!outcome.is_known) return;
        next_number = entry->machine.call_number();
        const auto waiting = std::exchange(entry->waiting, 0);
        for (auto rest = waiting; rest != 0; rest &= rest - 1) {
            mailbox_entry note;
            note.what = mailbox_entry::kind::acknowledged;
            note.stream = entry->name;
            note.error = error;
            note.number = number;
            const auto index = static_cast<unsigned>(std::countr_zero(rest));
            if (shards_[index]->mailbox_.push(std::move(note))) to_wake |= std::uint64_t{1} << index;
        }
        table.erase_if_idle(*entry);
    });
    if (error) log_.warn("stream.failed", {{"stream", stream.view()}, {"error", error.message()}});
    wake(to_wake);
    call_adapter(std::move(stream), outcome.next, next_number);
}

void hub::on_unsubscribed(shared_payload stream, std::uint32_t number)
{
    interest_fsm::outcome outcome;
    std::uint32_t next_number = 0;
    interests_.with_lock([&](interest_table& table) {
        auto* entry = table.find(stream.view());
        if (!entry) return;
        outcome = entry->machine.unsubscribed(number, entry->shards != 0);
        next_number = entry->machine.call_number();
        table.erase_if_idle(*entry);
    });
    call_adapter(std::move(stream), outcome.next, next_number);
}

std::size_t hub::deliver(std::span<const delivered_message> messages) noexcept
{
    try {
        return deliver_checked(messages);
    } catch (const std::exception& error) { // out of memory: the adapter learns that nothing more was taken
        log_.error("deliver.failed", {{"error", error.what()}});
        return 0;
    }
}

std::size_t hub::deliver_checked(std::span<const delivered_message> messages)
{
    // Checked and copied outside of the lock.
    std::vector<shared_payload> payloads;
    payloads.reserve(messages.size());
    for (const auto& message : messages) {
        if (is_json(message.payload)) {
            payloads.emplace_back(message.payload);
        } else {
            payloads.emplace_back();
            dropped_.add();
            log_.warn("payload.dropped", {{"stream", message.stream}, {"bytes", message.payload.size()}, {"error", "not a JSON value"}});
        }
    }
    std::uint64_t to_wake = 0;
    const auto accepted = interests_.with_lock([&](interest_table& table) {
        std::size_t count = 0;
        for (std::size_t i = 0; i < messages.size(); ++i, ++count) {
            if (payloads[i].empty()) continue;
            auto* entry = table.find(messages[i].stream);
            if (!entry) continue;
            // All or none of the shards, so that a repeated delivery reaches nobody twice.
            for (auto rest = entry->shards; rest != 0; rest &= rest - 1) {
                const auto& shard = *shards_[static_cast<unsigned>(std::countr_zero(rest))];
                if (shard.mailbox_.size() >= shard.settings_.mailbox_mark) return count;
            }
            for (auto rest = entry->shards; rest != 0; rest &= rest - 1) {
                mailbox_entry note;
                note.stream = entry->name;
                note.payload = payloads[i];
                const auto index = static_cast<unsigned>(std::countr_zero(rest));
                if (shards_[index]->mailbox_.push(std::move(note))) to_wake |= std::uint64_t{1} << index;
            }
        }
        return count;
    });
    wake(to_wake);
    if (accepted < messages.size()) {
        overloaded_.add(static_cast<std::int64_t>(messages.size() - accepted));
        log_.warn("mailbox.overloaded", {{"refused", messages.size() - accepted}});
    }
    return accepted;
}

void hub::wake(std::uint64_t shards)
{
    for (; shards != 0; shards &= shards - 1) shards_[static_cast<unsigned>(std::countr_zero(shards))]->wake_();
}

void hub::state_changed(adapter_state state, error_code why, std::string_view message) noexcept
{
    state_.store(state, std::memory_order_relaxed);
    switch (state) {
    case adapter_state::connecting: log_.info("adapter.connecting"); break;
    case adapter_state::connected: log_.info("adapter.connected"); break;
    case adapter_state::disconnected: log_.warn("adapter.disconnected", {{"error", why.message()}, {"why", message}}); break;
    }
}

std::size_t hub::stream_count() const
{
    return interests_.with_lock([](const interest_table& table) { return table.streams.size(); });
}

} // namespace coax
