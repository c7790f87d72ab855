// SPDX-License-Identifier: MIT
#pragma once

#include "hub/hub_shard.hpp"
#include "model_socket.hpp"
#include "session/outbox.hpp"

#include <array>
#include <memory>
#include <vector>

namespace coax::model {

inline constexpr unsigned identifier_count = 4;

/// What a session does with the hub, with the real outbox and without everything else. It tells the oracle of each step.
class model_session final : public subscriber {
public:
    struct settings {
        order_oracle::session_id id;
        unsigned shard;
        bool deflate;
        model_socket::pace speed;
        fault wrong;
    };

    model_session(order_oracle& oracle, hub_shard& shard, model_random& random, settings chosen);
    ~model_session();

    bool is_subscribed(unsigned identifier) const { return subscriptions_[identifier] != nullptr; }
    bool is_confirmed(unsigned identifier) const { return is_subscribed(identifier) && subscriptions_[identifier]->is_confirmed; }
    /// Joins all of `streams`. Held ones are released behind the confirmation, which goes out when all have been acknowledged, or,
    /// `late`, when `confirm` is called after that.
    void subscribe(unsigned identifier, const std::vector<unsigned>& streams, bool held, bool late);
    void confirm(unsigned identifier);
    /// One more stream for a confirmed subscription, not held.
    void stream_from(unsigned identifier, unsigned stream);
    void stop_one_stream(unsigned identifier);
    void unsubscribe(unsigned identifier);
    void unicast();
    /// The socket takes again.
    void writable();
    /// Leaves everything and lets the socket take the rest.
    void close();
    /// Lets the socket take everything that waits.
    void send_all();

    order_oracle::session_id id() const noexcept { return settings_.id; }
    bool must_close() const noexcept { return must_close_; }

    void deliver(const frame_block& block) override;
    void enqueue(std::span<const shared_frame> frames) override;
    void flush() override { write(); }
    void overflowed() override { must_close_ = true; }
    void end_of_turn() { late_leavers_.clear(); }

private:
    struct joined {
        unsigned stream;
        order_oracle::member_id member = 0;
        stream_handle handle;
        bool is_ready = false;
    };
    struct subscription {
        std::vector<std::unique_ptr<joined>> streams;
        bool held = false;
        bool late = false;
        bool is_joining = false;
        bool has_failed = false;
        bool is_confirmed = false;
    };

    void join(unsigned identifier, unsigned stream, bool held);
    void on_ready(unsigned identifier, joined& which, error_code error);
    void confirm_if_ready(unsigned identifier);
    void drop(joined& which);
    void push(std::string text);
    void write();
    void send(const frame_block& block);
    void send_waiting();

    order_oracle& oracle_;
    hub_shard& shard_;
    model_random& random_;
    const settings settings_;
    std::array<std::string, identifier_count> quoted_;
    std::array<std::unique_ptr<subscription>, identifier_count> subscriptions_;
    outbox outbox_;
    model_socket socket_;
    std::vector<stream_handle> late_leavers_; // fault::leave_late
    std::uint64_t unicasts_ = 0;
    bool must_close_ = false;
};

} // namespace coax::model
