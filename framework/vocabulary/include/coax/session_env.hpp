// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace coax {

/// String state kept for a connection or for one channel of it.
using state_map = std::map<std::string, std::string, std::less<>>;

/// What is known of a connection's request, and the state that logic outside the process keeps with us.
///
/// Source: AnyCable `SessionEnv`; `rpc.md`. Header names are lower-case; a name may occur more than once.
struct session_env {
    std::string url;            ///< as requested, with the query: `/cable?token=1`
    std::vector<std::pair<std::string, std::string>> headers;
    std::string remote_address; ///< IP address text, or empty for a unix socket
    state_map connection_state;
    std::map<std::string, state_map, std::less<>> channel_states; ///< by subscription identifier

    /// The first header of that lower-case name, or nothing.
    std::string_view header(std::string_view name) const noexcept
    {
        for (const auto& [key, value] : headers)
            if (key == name) return value;
        return {};
    }

    /// Keeps only the headers named in `names` (lower-case): what a session holds after it has connected.
    void keep_headers(const std::vector<std::string>& names)
    {
        std::erase_if(headers, [&](const auto& header) { return std::find(names.begin(), names.end(), header.first) == names.end(); });
        headers.shrink_to_fit();
    }

    /// Adds or replaces; a key that is not in `changes` stays.
    static void merge(state_map& state, const state_map& changes)
    {
        for (const auto& [key, value] : changes) state.insert_or_assign(key, value);
    }
};

} // namespace coax
