// SPDX-License-Identifier: MIT
#include "hub/local_adapter.hpp"

#include <coax/error.hpp>

namespace coax {

void local_adapter::subscribe(std::string, completion done)
{
    done({});
}

void local_adapter::unsubscribe(std::string, completion done)
{
    done({});
}

void local_adapter::publish(std::vector<broadcast_message> messages, completion done)
{
    std::vector<delivered_message> views;
    views.reserve(messages.size());
    for (const auto& message : messages) views.push_back({message.stream, message.payload, {}});
    const auto accepted = events_.deliver(views);
    done(accepted == views.size() ? error_code() : make_error_code(errc::overloaded));
}

} // namespace coax
