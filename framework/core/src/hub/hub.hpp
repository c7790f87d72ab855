// SPDX-License-Identifier: MIT
#pragma once

#include "hub/adapter_port.hpp"
#include "hub/hub_shard.hpp"
#include "hub/interest_table.hpp"
#include "hub/synchronized.hpp"

#include <coax/broadcaster.hpp>
#include <coax/log.hpp>
#include <coax/metrics.hpp>

#include <atomic>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace coax {

/// The node's switchboard: shards say what they want, the adapter is asked once per stream, messages go to the shards that want them.
///
/// Order: messages of one stream enter all mailboxes under the one lock, in the order in which the adapter delivers them, and so
/// does an acknowledgement: what is delivered after it is seen by everyone who waited for it.
/// Thread rule: any thread, after set-up (`add_shard`, `use_adapter`).
class hub final : public adapter_events {
public:
    hub(metric_registry& metrics, logger log);
    ~hub() override;

    void add_shard(hub_shard& shard);
    void use_adapter(adapter_port& adapter) noexcept { adapter_ = &adapter; }

    /// Publishes in order, as one batch. `done`: any thread, once.
    /// Errors: invalid_argument (stream name of 0 or more than 255 bytes), the adapter's own.
    void publish(std::vector<broadcast_message> messages, broadcaster::completion done);

    /// From the adapter. Payloads that are not JSON are logged, counted and dropped, and count as accepted.
    std::size_t deliver(std::span<const delivered_message> messages) noexcept override;
    void state_changed(adapter_state state, error_code why, std::string_view message) noexcept override;

    adapter_state state() const noexcept { return state_.load(std::memory_order_relaxed); }
    /// Streams that any shard wants.
    std::size_t stream_count() const;

private:
    friend class hub_shard;

    /// A shard wants `stream`; nothing if it is active already, else the number of the acknowledgement that the shard's mailbox gets.
    std::optional<std::uint32_t> want(hub_shard& shard, std::string_view stream);
    /// A shard has no listener of `stream` any more.
    void unwant(hub_shard& shard, std::string_view stream);

    void call_adapter(shared_payload stream, interest_fsm::call what, std::uint32_t number);
    void on_subscribed(shared_payload stream, std::uint32_t number, error_code error);
    void on_unsubscribed(shared_payload stream, std::uint32_t number);
    std::size_t deliver_checked(std::span<const delivered_message> messages);
    void wake(std::uint64_t shards);

    std::vector<hub_shard*> shards_;
    adapter_port* adapter_ = nullptr;
    synchronized<interest_table> interests_; ///< the one lock of the broadcast path
    std::atomic<adapter_state> state_{adapter_state::connecting};
    logger log_;
    metric& broadcasts_;
    metric& streams_;
    metric& dropped_;
    metric& overloaded_;
};

} // namespace coax
