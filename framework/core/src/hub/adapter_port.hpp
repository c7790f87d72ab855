// SPDX-License-Identifier: MIT
#pragma once

#include <coax/broadcaster.hpp>
#include <coax/result.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace coax {

/// What the hub needs of an adapter.
///
/// Thread rule: the hub calls from any thread and never waits; each `done` is called exactly once, on any thread, maybe before the
/// call returns. For one stream the hub has at most one subscribe or unsubscribe outstanding.
/// Order: `publish` calls made one after the other reach the back end in that order.
class adapter_port {
public:
    using completion = std::function<void(error_code)>;

    virtual ~adapter_port() = default;

    /// `done` without error: a message published from now on will be delivered.
    virtual void subscribe(std::string stream, completion done) = 0;
    virtual void unsubscribe(std::string stream, completion done) = 0;
    /// All messages in order, as one batch where the back end can.
    virtual void publish(std::vector<broadcast_message> messages, completion done) = 0;
};

/// A message as it comes from an adapter; views are valid during the call.
struct delivered_message {
    std::string_view stream;
    std::string_view payload;
    std::string_view meta; ///< JSON, or empty
};

enum class adapter_state : std::uint8_t { connecting, connected, disconnected };

/// What an adapter tells the hub. Thread rule: any thread; for one stream, `deliver` is called in order. Never throws or blocks.
class adapter_events {
public:
    virtual ~adapter_events() = default;

    /// Answers how many messages were accepted (the first n); fewer means *overloaded*.
    virtual std::size_t deliver(std::span<const delivered_message> messages) noexcept = 0;
    /// `connected` is reported after all subscriptions are restored.
    virtual void state_changed(adapter_state state, error_code why, std::string_view message) noexcept = 0;
};

} // namespace coax
