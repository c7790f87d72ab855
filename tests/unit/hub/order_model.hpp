// SPDX-License-Identifier: MIT
#pragma once

#include "hub/hub.hpp"
#include "hub/local_adapter.hpp"
#include "model_adapter.hpp"
#include "model_session.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace coax::model {

/// Two shards, five streams and a dozen sessions that do anything at any time, on one thread and from one seed.
class order_model {
public:
    enum class with { local, erratic };

    order_model(with adapter, std::uint64_t seed, fault wrong);
    ~order_model();

    /// The first broken rule with its step, or nothing.
    std::optional<std::string> run(std::uint64_t steps);
    std::uint64_t received_messages() const noexcept { return oracle_.received_messages(); }
    std::int64_t count(std::string_view metric) const { return metrics_.value(metric); }

private:
    void step();
    void open(std::size_t slot);
    void subscribe(model_session& session);
    void publish();
    void post_unicast();
    void drain(unsigned shard);
    void flush(unsigned shard);
    void check_woken();
    void close_overflowed();
    /// Lets everything under way end, and looks whether all that was due has come.
    void settle();

    metric_registry metrics_;
    model_random random_;
    const fault wrong_;
    order_oracle oracle_;
    hub hub_;
    watched_adapter watched_;
    local_adapter local_;
    erratic_adapter erratic_;
    std::vector<std::unique_ptr<hub_shard>> shards_;
    std::vector<char> is_woken_;
    std::vector<std::unique_ptr<model_session>> sessions_;
    std::vector<std::uint64_t> published_; // by stream
    std::uint64_t calls_ = 0;
    std::uint64_t open_publishes_ = 0;
    order_oracle::session_id last_session_ = 0;
};

} // namespace coax::model
