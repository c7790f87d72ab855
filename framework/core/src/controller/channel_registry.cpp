// SPDX-License-Identifier: MIT
#include "controller/channel_registry.hpp"

#include <coax/error.hpp>

#include <utility>

namespace coax {

void channel_registry::add(channel_description description)
{
    if (description.name.empty())
        throw startup_error("a channel class has no name: call spec.name(\"ChatChannel\") in its describe()");
    const auto name = description.name;
    if (!channels_.emplace(name, std::move(description)).second)
        throw startup_error("channel " + name + " is registered twice: give one of the classes another name");
}

const channel_description* channel_registry::find(std::string_view name) const noexcept
{
    const auto found = channels_.find(name);
    return found == channels_.end() ? nullptr : &found->second;
}

} // namespace coax
