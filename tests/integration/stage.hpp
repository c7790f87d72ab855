// SPDX-License-Identifier: MIT
#pragma once

#include "support/ws_client.hpp"

#include <coax/coax.hpp>

#include <boost/json/value.hpp>

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

/// A whole server in the process of the test, with one channel class that does all the tests need.
namespace coax::testing {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool is_sanitized = true;
#else
inline constexpr bool is_sanitized = false;
#endif

/// `count`, or a quarter of it where every access is checked.
constexpr int scaled(int count) { return is_sanitized ? count / 4 : count; }

/// Asks again and again until it is so; false at the deadline.
bool eventually(const std::function<bool()>& is_so, std::chrono::milliseconds limit = client_patience);

/// How often each hook ran. Thread rule: any thread.
struct hook_counts {
    std::atomic<int> connects{0}, disconnects{0}, subscribes{0}, unsubscribes{0};
};

/// Loopback, a free port, two shards, no adapter plugin, no pings, no log.
config quiet_config();

/// A started server with channel `Test` and its counters.
///
/// `Test` with `{"stream": s}` streams s. Actions: `echo` answers `{"echo": text}`; `publish` broadcasts `text` to the stream.
/// With `{"announce": true}` it broadcasts `{"own": s}` itself, at the end of `subscribed`. With `{"reject": true}` it rejects.
class stage {
public:
    explicit stage(config settings = quiet_config(), const std::function<void(server&)>& prepare = {});

    std::string address() const { return host.addresses().at(0); }
    void publish(const std::string& stream, const boost::json::value& message) const { host.cable().broadcast(stream, message); }
    /// A client past its welcome.
    ws_client join(const ws_request& request = {}, int receive_buffer = 0) const;
    /// A number of the health report.
    std::int64_t health(std::string_view key) const;
    /// No session, subscription, stream or waiting byte is left, by all that the server says of itself.
    bool is_empty();

    hook_counts hooks;
    server host;
};

/// The identifier of `Test` with one stream.
std::string test_identifier(std::string_view stream);
/// A command as text. `data` only where there is one.
std::string command(std::string_view name, std::string_view identifier, std::string_view data = {});
/// Subscribes and expects the confirmation as the next message.
void subscribe(ws_client& client, std::string_view identifier);
/// The `message` of the next broadcast, as JSON text; anything else is a runtime_error.
std::string next_message(ws_client& client);

} // namespace coax::testing
