// SPDX-License-Identifier: MIT
#pragma once

#include <coax/sdk/adapter.hpp>
#include <coax/sdk/host.hpp>

#include <boost/json/object.hpp>

#include <chrono>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace coax::memory {

class memory_adapter;

/// What the adapters of one name share: who has subscribed to which stream.
///
/// Thread rule: any thread. The lock is held while messages are handed over: that is what gives all adapters of the bus the same order,
/// and `deliver` never blocks.
class bus {
public:
    /// The bus of that name, made by the first and freed with the last that holds it. An empty name is a new bus of the caller's own.
    static std::shared_ptr<bus> join(const std::string& name);

    void subscribe(memory_adapter& who, std::string stream);
    void unsubscribe(memory_adapter& who, std::string_view stream);
    /// Ends all subscriptions of `who`; when it returns, nothing is delivered to it any more.
    void leave(memory_adapter& who);
    /// Delivers in order to every subscriber, each in one call for all that concern it.
    void publish(std::span<const sdk::message> messages);

private:
    struct text_hash {
        using is_transparent = void;
        std::size_t operator()(std::string_view text) const noexcept { return std::hash<std::string_view>()(text); }
    };
    using members = std::vector<memory_adapter*>;

    std::mutex mutex_;
    std::unordered_map<std::string, members, text_hash, std::equal_to<>> streams_;
};

/// The back end that is none: a bus within the process. Several servers share one by naming it.
///
/// Option `bus`: its name; empty or absent: a bus of this server's own.
class memory_adapter final : public sdk::subscription_adapter {
public:
    memory_adapter(sdk::host host, const boost::json::object& config);
    ~memory_adapter() override;

    task<result<void>> start() override;
    task<result<void>> stop(std::chrono::milliseconds limit) override;
    task<result<void>> subscribe(std::string stream) override;
    task<result<void>> unsubscribe(std::string stream) override;
    task<result<void>> publish(std::vector<sdk::message> messages) override;

private:
    friend class bus;

    sdk::host host_;
    sdk::metric refused_;
    std::shared_ptr<bus> bus_;
    std::vector<sdk::message_view> inbox_; ///< guarded by the bus's lock: what `publish` gathers for this member
};

} // namespace coax::memory
