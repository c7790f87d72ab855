// SPDX-License-Identifier: MIT
#pragma once

#include "controller/controller.hpp"
#include "hub/stream_registry.hpp"
#include "protocol/command.hpp"

#include <cstddef>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace coax {

class session;

/// One identifier of one session: its logic, its streams, and its commands while some wait. Thread rule: shard-affine.
class subscription final : public subscription_port {
public:
    enum class phase : std::uint8_t {
        absent,      ///< no logic: only commands that wait
        subscribing, ///< `subscribe` is running
        confirmed,
        ending,      ///< `unsubscribe` is running or about to
    };

    subscription(session& owner, std::string identifier);
    ~subscription();

    const std::string& identifier() const noexcept override { return identifier_; }
    session_port& owner() noexcept override;
    void transmit(std::string_view payload) override;
    task<result<void>> stream_from(std::string stream) override;
    void stop_stream_from(std::string_view stream) override;
    void stop_all_streams() override;

    /// What the state will be when all waiting commands have run: does the client count as subscribed then?
    bool will_be_subscribed() const noexcept;
    /// A subscribe waits behind other commands.
    bool is_subscribe_queued() const noexcept;
    /// Ends the waits for acknowledgements and starts no more: their outcome is not wanted any more.
    void abandon();
    bool is_abandoned() const noexcept { return is_abandoned_; }

    /// For the unicasts of the session: what the streams' logs hold comes first.
    void pull_streams();
    /// The confirmation has been pushed: what came since the acknowledgements may follow.
    void release_streams();
    const std::vector<stream_handle>& streams() const noexcept { return streams_; }

    std::unique_ptr<subscription_logic> logic;
    std::unique_ptr<std::deque<command>> queue; ///< only while commands wait
    phase state = phase::absent;
    bool is_busy = false;                       ///< a worker is running

    /// Ready for a new subscribe after the end of the last one.
    void reset();

private:
    struct join_wait;
    auto wait_joined(std::string stream);
    void start_join(std::shared_ptr<join_wait> wait);
    void complete_waits(std::string_view stream, error_code error);
    void drop_stream(std::string_view stream);

    session& owner_;
    std::string identifier_;
    std::vector<stream_handle> streams_;
    std::vector<std::shared_ptr<join_wait>> waits_;
    bool is_abandoned_ = false;
};

} // namespace coax
