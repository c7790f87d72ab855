// SPDX-License-Identifier: MIT
#pragma once

#include <coax/channel.hpp>

#include <map>
#include <string>
#include <string_view>

namespace coax {

/// Channel name, as clients write it, to its description. Filled before the server starts; then read by all shards.
class channel_registry {
public:
    /// Errors: throws startup_error for a missing or repeated name.
    void add(channel_description description);
    /// Null if there is none.
    const channel_description* find(std::string_view name) const noexcept;
    bool is_empty() const noexcept { return channels_.empty(); }

private:
    std::map<std::string, channel_description, std::less<>> channels_;
};

} // namespace coax
