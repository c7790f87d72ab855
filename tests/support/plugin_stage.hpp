// SPDX-License-Identifier: MIT
#pragma once

#include "hub/adapter_port.hpp"
#include "plugin/plugin_adapter.hpp"

#include <coax/log.hpp>
#include <coax/metrics.hpp>
#include <coax/testing/run_test.hpp>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <future>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

/// What tests of the plugin boundary stand on: a hub's side that records, a log that can be read, and waiting with a deadline.
namespace coax::testing {

inline constexpr std::chrono::seconds patience{10};

/// The hub's side of an adapter: keeps what arrives. Thread rule: any thread.
class recording_events final : public adapter_events {
public:
    struct message {
        std::string stream, payload, meta;
        bool operator==(const message&) const = default;
    };
    using batch = std::vector<message>;

    std::size_t deliver(std::span<const delivered_message> messages) noexcept override
    {
        const std::scoped_lock lock(mutex_);
        const auto taken = std::min(messages.size(), capacity_);
        batch kept;
        for (const auto& one : messages.first(taken)) kept.push_back({std::string(one.stream), std::string(one.payload), std::string(one.meta)});
        batches_.push_back(std::move(kept));
        changed_.notify_all();
        return taken;
    }

    void state_changed(adapter_state state, error_code why, std::string_view words) noexcept override
    {
        const std::scoped_lock lock(mutex_);
        states_.push_back({state, why, std::string(words)});
        changed_.notify_all();
    }

    struct state_report {
        adapter_state state;
        error_code why;
        std::string message;
    };

    /// Takes at most `n` messages of each delivery from now on.
    void take_at_most(std::size_t n)
    {
        const std::scoped_lock lock(mutex_);
        capacity_ = n;
    }

    /// All deliveries so far, as soon as there are `count`; throws at the deadline.
    std::vector<batch> wait_batches(std::size_t count)
    {
        std::unique_lock lock(mutex_);
        if (!changed_.wait_for(lock, patience, [&] { return batches_.size() >= count; }))
            throw std::runtime_error("only " + std::to_string(batches_.size()) + " of " + std::to_string(count) + " deliveries came");
        return batches_;
    }
    std::vector<batch> batches() { return wait_batches(0); }

    std::vector<state_report> states()
    {
        const std::scoped_lock lock(mutex_);
        return states_;
    }

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<batch> batches_;
    std::vector<state_report> states_;
    std::size_t capacity_ = static_cast<std::size_t>(-1);
};

/// Keeps log lines as `event key=value …`.
class recording_sink final : public log_sink {
public:
    void write(const log_event& event) noexcept override
    {
        std::string line(event.name);
        const auto add = [&](std::string_view key, std::string_view value) { line.append(" ").append(key).append("=").append(value); };
        if (event.context)
            for (const auto& [key, value] : *event.context) add(key, value);
        for (std::size_t i = 0; i < event.field_count; ++i) add(event.fields[i].key, event.fields[i].value);
        const std::scoped_lock lock(mutex_);
        lines_.push_back(std::move(line));
    }

    std::size_t count(std::string_view text) const
    {
        const std::scoped_lock lock(mutex_);
        std::size_t found = 0;
        for (const auto& line : lines_)
            if (line.find(text) != std::string::npos) ++found;
        return found;
    }

private:
    mutable std::mutex mutex_;
    std::vector<std::string> lines_;
};

/// One completion of the port: how often it came, and with what.
class answer {
public:
    adapter_port::completion callback() const
    {
        return [state = state_](error_code error) {
            if (state->count.fetch_add(1) == 0) state->first.set_value(error);
        };
    }

    /// The error it came with; throws at the deadline.
    error_code get() const
    {
        if (state_->future.wait_for(patience) != std::future_status::ready) throw std::runtime_error("a completion did not come");
        return state_->future.get();
    }
    int count() const { return state_->count.load(); }

private:
    struct shared {
        std::promise<error_code> first;
        std::shared_future<error_code> future = first.get_future().share();
        std::atomic<int> count{0};
    };
    std::shared_ptr<shared> state_ = std::make_shared<shared>();
};

/// One adapter with everything the server would give it.
class plugin_stage {
public:
    explicit plugin_stage(const coax_plugin& plugin, std::string options_json = "{}")
        : adapter(std::make_unique<plugin_adapter>(plugin, events, logger(sink, log_level::debug), metrics, std::move(options_json)))
    {}

    result<void> start(std::chrono::milliseconds limit = patience) { return run(adapter->start(limit)); }
    result<void> stop(std::chrono::milliseconds limit = patience) { return run(adapter->stop(limit)); }

    error_code subscribe(std::string stream)
    {
        const answer got;
        adapter->subscribe(std::move(stream), got.callback());
        return got.get();
    }
    error_code unsubscribe(std::string stream)
    {
        const answer got;
        adapter->unsubscribe(std::move(stream), got.callback());
        return got.get();
    }
    error_code publish(std::vector<broadcast_message> messages)
    {
        const answer got;
        adapter->publish(std::move(messages), got.callback());
        return got.get();
    }

    recording_events events;
    metric_registry metrics;
    std::shared_ptr<recording_sink> sink = std::make_shared<recording_sink>();
    std::unique_ptr<plugin_adapter> adapter;

private:
    static task<> keep(task<result<void>> work, result<void>* to) { *to = co_await std::move(work); }
    static result<void> run(task<result<void>> work)
    {
        result<void> outcome;
        run_test(keep(std::move(work), &outcome), 2 * patience);
        return outcome;
    }
};

} // namespace coax::testing
