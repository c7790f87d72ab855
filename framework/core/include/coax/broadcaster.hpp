// SPDX-License-Identifier: MIT
#pragma once

#include <coax/result.hpp>

#include <boost/json/value.hpp>

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace coax {

class hub;

/// One message of a batch publication.
struct broadcast_message {
    std::string stream;  ///< 1 to 255 bytes
    std::string payload; ///< JSON text
};

/// Publishes to streams. A small value: copy it freely; it must not outlive its server.
///
/// Delivery is at most once, to those subscribed when the message arrives; messages of one caller to one stream keep their order.
/// Thread rule: any thread; never blocks. Errors reach `done` (any thread, once) and, without a `done`, the log.
/// Source: Action Cable `server/broadcasting.rb`.
class broadcaster {
public:
    using completion = std::function<void(error_code)>;

    /// Publishes one value.
    void broadcast(std::string stream, const boost::json::value& message, completion done = {}) const;

    /// Publishes text that is JSON already; it is validated when it is delivered and reaches clients byte for byte.
    void broadcast_raw(std::string stream, std::string payload, completion done = {}) const;

    /// Publishes several messages in order, as one batch: a receiver gets all that concern it in one go.
    void broadcast_batch(std::vector<broadcast_message> messages, completion done = {}) const;

private:
    friend class server;
    friend class broadcaster_access;
    explicit broadcaster(hub* target) noexcept : hub_(target) {}
    hub* hub_;
};

} // namespace coax
