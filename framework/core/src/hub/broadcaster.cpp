// SPDX-License-Identifier: MIT
#include <coax/broadcaster.hpp>

#include "hub/hub.hpp"

#include <boost/json/serialize.hpp>

namespace coax {

void broadcaster::broadcast(std::string stream, const boost::json::value& message, completion done) const
{
    broadcast_raw(std::move(stream), boost::json::serialize(message), std::move(done));
}

void broadcaster::broadcast_raw(std::string stream, std::string payload, completion done) const
{
    std::vector<broadcast_message> one;
    one.push_back({std::move(stream), std::move(payload)});
    hub_->publish(std::move(one), std::move(done));
}

void broadcaster::broadcast_batch(std::vector<broadcast_message> messages, completion done) const
{
    hub_->publish(std::move(messages), std::move(done));
}

} // namespace coax
