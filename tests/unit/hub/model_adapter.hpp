// SPDX-License-Identifier: MIT
#pragma once

#include "hub/adapter_port.hpp"
#include "model_random.hpp"
#include "order_oracle.hpp"

#include <coax/error.hpp>

#include <algorithm>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace coax::model {

inline unsigned stream_number(std::string_view name)
{
    return static_cast<unsigned>(std::strtoul(name.data() + name.rfind(' '), nullptr, 10));
}

/// Stands between the hub and an adapter and lets the oracle see what goes by, both ways.
class watched_adapter final : public adapter_port, public adapter_events {
public:
    watched_adapter(order_oracle& oracle, adapter_events& hub) : oracle_(oracle), hub_(hub) {}
    void use(adapter_port& adapter) noexcept { adapter_ = &adapter; }

    void subscribe(std::string stream, completion done) override
    {
        const auto number = stream_number(stream);
        oracle_.guard([&] { oracle_.subscribe_called(number); });
        adapter_->subscribe(std::move(stream), [this, number, done = std::move(done)](error_code error) {
            oracle_.guard([&] { oracle_.subscribe_completed(number, !error); });
            done(error);
        });
    }
    void unsubscribe(std::string stream, completion done) override
    {
        const auto number = stream_number(stream);
        oracle_.guard([&] { oracle_.unsubscribe_called(number); });
        adapter_->unsubscribe(std::move(stream), [this, number, done = std::move(done)](error_code error) {
            oracle_.guard([&] { oracle_.unsubscribe_completed(number); });
            done(error);
        });
    }
    void publish(std::vector<broadcast_message> messages, completion done) override
    {
        adapter_->publish(std::move(messages), std::move(done));
    }

    std::size_t deliver(std::span<const delivered_message> messages) noexcept override
    {
        const auto accepted = hub_.deliver(messages);
        for (const auto& message : messages.first(accepted)) {
            const auto number = std::strtoull(message.payload.data() + message.payload.find("\"n\":") + 4, nullptr, 10);
            oracle_.guard([&] { oracle_.delivered(stream_number(message.stream), number); });
        }
        return accepted;
    }
    void state_changed(adapter_state state, error_code why, std::string_view message) noexcept override
    {
        hub_.state_changed(state, why, message);
    }

private:
    order_oracle& oracle_;
    adapter_events& hub_;
    adapter_port* adapter_ = nullptr;
};

/// Answers and delivers when the test says so, now and then within the call; refuses some subscribes. Like a broker it has one
/// order for all messages, delivers what nobody asked for, and tries again what was refused.
class erratic_adapter final : public adapter_port {
public:
    erratic_adapter(model_random& random, adapter_events& events) : random_(random), events_(events) {}

    void subscribe(std::string, completion done) override { answer(std::move(done), 12); }
    void unsubscribe(std::string, completion done) override { answer(std::move(done), 12); }
    void publish(std::vector<broadcast_message> messages, completion done) override
    {
        for (auto& message : messages) messages_.push_back(std::move(message));
        answer(std::move(done), 0);
    }

    bool has_calls() const noexcept { return !calls_.empty(); }
    bool has_messages() const noexcept { return !messages_.empty(); }

    /// One call, whichever.
    void complete_one()
    {
        std::swap(calls_[random_.below(calls_.size())], calls_.back());
        const auto [done, error] = std::move(calls_.back());
        calls_.pop_back();
        done(error);
    }
    void deliver_some()
    {
        const auto count = random_.chance(5) ? messages_.size() : std::min(messages_.size(), 1 + random_.below(8));
        std::vector<delivered_message> views;
        for (std::size_t i = 0; i < count; ++i) views.push_back({messages_[i].stream, messages_[i].payload, {}});
        const auto accepted = events_.deliver(views);
        messages_.erase(messages_.begin(), messages_.begin() + static_cast<std::ptrdiff_t>(accepted));
    }

private:
    void answer(completion done, unsigned failing)
    {
        const auto error = random_.chance(failing) ? make_error_code(errc::adapter_unavailable) : error_code();
        if (random_.chance(20)) done(error);
        else calls_.emplace_back(std::move(done), error);
    }

    model_random& random_;
    adapter_events& events_;
    std::vector<std::pair<completion, error_code>> calls_;
    std::vector<broadcast_message> messages_;
};

} // namespace coax::model
