// SPDX-License-Identifier: MIT
#include "memory_adapter.hpp"

#include <coax/sdk/config.hpp>

#include <algorithm>
#include <functional>
#include <iterator>
#include <utility>

namespace coax::memory {

std::shared_ptr<bus> bus::join(const std::string& name)
{
    if (name.empty()) return std::make_shared<bus>();
    // Of the process by its meaning: servers that know nothing of each other meet here. Never destroyed, since plugin threads may
    // outlive static destruction.
    static std::mutex mutex;
    static auto& named = *new std::unordered_map<std::string, std::weak_ptr<bus>>;
    const std::scoped_lock lock(mutex);
    std::erase_if(named, [](const auto& entry) { return entry.second.expired(); });
    auto& known = named[name];
    auto shared = known.lock(); // weak: a bus lives as long as its adapters
    if (!shared) known = shared = std::make_shared<bus>();
    return shared;
}

void bus::subscribe(memory_adapter& who, std::string stream)
{
    const std::scoped_lock lock(mutex_);
    auto& listening = streams_[std::move(stream)];
    if (std::find(listening.begin(), listening.end(), &who) == listening.end()) listening.push_back(&who);
}

void bus::unsubscribe(memory_adapter& who, std::string_view stream)
{
    const std::scoped_lock lock(mutex_);
    const auto found = streams_.find(stream);
    if (found == streams_.end()) return;
    std::erase(found->second, &who);
    if (found->second.empty()) streams_.erase(found);
}

void bus::leave(memory_adapter& who)
{
    const std::scoped_lock lock(mutex_);
    for (auto entry = streams_.begin(); entry != streams_.end();) {
        std::erase(entry->second, &who);
        entry = entry->second.empty() ? streams_.erase(entry) : std::next(entry);
    }
}

void bus::publish(std::span<const sdk::message> messages)
{
    const std::scoped_lock lock(mutex_);
    // Emptied also if memory runs out half-way: the views would outlive what they show.
    struct receiver_list : members {
        ~receiver_list()
        {
            for (auto* member : *this) member->inbox_.clear();
        }
    } receivers;
    for (const auto& message : messages) {
        const auto found = streams_.find(std::string_view(message.stream));
        if (found == streams_.end()) continue;
        for (auto* member : found->second) {
            if (member->inbox_.empty()) receivers.push_back(member);
            member->inbox_.push_back({message.stream, message.payload, message.meta});
        }
    }
    for (auto* member : receivers) {
        const auto taken = member->host_.deliver(member->inbox_);
        // A full node loses what it cannot take, as a client of any pub/sub server does that reads too slowly.
        if (taken < member->inbox_.size()) member->refused_.add(static_cast<double>(member->inbox_.size() - taken));
    }
}

memory_adapter::memory_adapter(sdk::host host, const boost::json::object& config)
    : host_(host), refused_(host.counter("messages_refused_total", "Messages that an overloaded server of the bus did not take"))
{
    sdk::options read(config, "adapter.memory");
    const auto name = read.text("bus", "");
    read.finish();
    bus_ = bus::join(name);
}

memory_adapter::~memory_adapter() { bus_->leave(*this); }

task<result<void>> memory_adapter::start()
{
    host_.connected();
    co_return result<void>();
}

task<result<void>> memory_adapter::stop(std::chrono::milliseconds)
{
    bus_->leave(*this);
    co_return result<void>();
}

task<result<void>> memory_adapter::subscribe(std::string stream)
{
    bus_->subscribe(*this, std::move(stream));
    co_return result<void>();
}

task<result<void>> memory_adapter::unsubscribe(std::string stream)
{
    bus_->unsubscribe(*this, stream);
    co_return result<void>();
}

task<result<void>> memory_adapter::publish(std::vector<sdk::message> messages)
{
    bus_->publish(messages);
    co_return result<void>();
}

} // namespace coax::memory
