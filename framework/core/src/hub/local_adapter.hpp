// SPDX-License-Identifier: MIT
#pragma once

#include "hub/adapter_port.hpp"

#include <string>
#include <vector>

namespace coax {

/// The port when no adapter is configured: publishing is delivering, on the caller's thread.
/// The hub's mailboxes keep the order, so this is no shortcut round them. Thread rule: any thread.
class local_adapter final : public adapter_port {
public:
    explicit local_adapter(adapter_events& events) noexcept : events_(events) {}

    void subscribe(std::string stream, completion done) override;
    void unsubscribe(std::string stream, completion done) override;
    /// Errors: overloaded, if a shard does not keep up.
    void publish(std::vector<broadcast_message> messages, completion done) override;

private:
    adapter_events& events_;
};

} // namespace coax
