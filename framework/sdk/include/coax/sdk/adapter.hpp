// SPDX-License-Identifier: MIT
#pragma once

#include <coax/error.hpp>
#include <coax/result.hpp>
#include <coax/task.hpp>

#include <chrono>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace coax::sdk {

/// One message to publish.
struct message {
    std::string stream;  ///< 1 to 255 bytes of UTF-8, compared bytewise
    std::string payload; ///< JSON text
    std::string meta;    ///< JSON object, or empty
};

/// An error with words. Throw it where a bare code would leave the operator guessing: `what()` reaches the host's log.
class failure : public std::runtime_error {
public:
    failure(errc code, const std::string& what, std::int32_t vendor_code = 0) : std::runtime_error(what), code_(code), vendor_code_(vendor_code) {}
    errc code() const noexcept { return code_; }
    /// The number of the back end's library, 0 if there is none.
    std::int32_t vendor_code() const noexcept { return vendor_code_; }

private:
    errc code_;
    std::int32_t vendor_code_;
};

/// Where streams come from: carries broadcasts between nodes. Derive, and register with COAX_ADAPTER_PLUGIN (plugin.hpp).
///
/// The class is constructed with `(sdk::host host, const boost::json::object& config)` on the host's thread and must not touch the network
/// there; a wrong option throws (config.hpp). From `start` on, every function runs on the plugin's own executor, which is
/// `host.get_executor()` and `co_await asio::this_coro::executor`: state needs no lock. Nothing may block.
///
/// Delivery is at most once. For one stream, messages are handed to `host.deliver` in the order the back end gave them; between streams
/// there is no order. After a reconnect every subscription is restored before `host.connected()` is called; messages sent meanwhile
/// are lost.
///
/// Errors: return a code or throw (`failure` has words); both end only the operation. Exceptions never reach the host.
/// Cancellation: terminal, when the host gives up an operation and at stop; then return or throw soon.
/// Source: Action Cable `subscription_adapter/base.rb`; AnyCable `pubsub/subscriber.go`.
class subscription_adapter {
public:
    virtual ~subscription_adapter() = default;

    /// Reaches the back end. An error ends the server's start; later losses are the adapter's to repair and to tell by `host.state`.
    virtual task<result<void>> start() = 0;

    /// Ends everything within `limit`: connections, and every coroutine the adapter has spawned. Comes once after `start`, whatever that
    /// answered. Pending operations have been cancelled before; new ones no longer come.
    virtual task<result<void>> stop(std::chrono::milliseconds limit) = 0;

    /// Starts receiving `stream`. Completes when the back end has acknowledged, so that a confirmation sent next cannot miss a message.
    /// Idempotent. Errors: adapter_unavailable (retryable), timed_out.
    virtual task<result<void>> subscribe(std::string stream) = 0;

    /// Ends receiving `stream`. Idempotent, also for a stream that was never subscribed.
    virtual task<result<void>> unsubscribe(std::string stream) = 0;

    /// Publishes in order; as one batch where the back end can, which receivers then `deliver` in one call. Never empty.
    /// Calls start in the host's order and must reach the back end in it: do not suspend before the messages are queued.
    /// Errors: adapter_unavailable, payload_too_large; then nothing was sent.
    virtual task<result<void>> publish(std::vector<message> messages) = 0;
};

} // namespace coax::sdk
