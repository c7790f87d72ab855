// SPDX-License-Identifier: MIT
#pragma once

#include "hub/interest_fsm.hpp"

#include <coax/shared_payload.hpp>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string_view>
#include <unordered_map>

namespace coax {

/// Shards are numbered below this, so that a set of them is one word.
inline constexpr unsigned max_shards = 64;

/// A stream that at least one shard of this node wants.
struct interest {
    shared_payload name;
    interest_fsm machine;
    std::uint64_t shards = 0;  ///< bit per shard that has listeners or waits for them
    std::uint64_t waiting = 0; ///< bit per shard that wants to hear of the acknowledgement
};

/// Stream name to interest; the node's only shared map. Reached through `synchronized` alone (`hub::interests_`).
struct interest_table {
    std::unordered_map<std::string_view, std::unique_ptr<interest>> streams; // keys look into interest::name
    std::uint32_t last_number = 0; ///< no erased stream's call had a higher one, so that a late answer never fits a later call

    interest* find(std::string_view name) noexcept
    {
        const auto found = streams.find(name);
        return found == streams.end() ? nullptr : found->second.get();
    }

    interest& find_or_add(std::string_view name)
    {
        if (auto* known = find(name)) return *known;
        auto made = std::make_unique<interest>();
        made->name = shared_payload(name);
        made->machine = interest_fsm(last_number);
        auto& added = *made;
        streams.emplace(added.name.view(), std::move(made));
        return added;
    }

    void erase_if_idle(interest& stream)
    {
        if (stream.shards != 0 || stream.machine.current() != interest_fsm::state::idle) return;
        last_number = std::max(last_number, stream.machine.call_number());
        const auto keep = stream.name; // the key looks into it
        streams.erase(keep.view());
    }
};

} // namespace coax
