// SPDX-License-Identifier: MIT
#pragma once

#include "plugin/plugin_descriptor.hpp"

#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace coax {

/// Where plugin files are looked for, in this order.
struct plugin_search {
    std::string environment;            ///< value of COAX_PLUGIN_PATH: folders separated by ':'
    std::vector<std::string> configured; ///< `adapter.plugin_path`
    std::string installed;              ///< the folder of this installation, empty: none

    /// The process's environment, these folders, and the folder this build installs plugins to.
    static plugin_search standard(std::vector<std::string> configured);
};

/// Finds plugins by kind and name: those linked into the program first, then files `libcoax_<kind>_<name>.so`.
///
/// Thread rule: start-up, one thread. What it answers stays valid until the process ends.
class plugin_host {
public:
    explicit plugin_host(plugin_search search) : search_(std::move(search)) {}

    /// A plugin linked into the program; it wins over a file. Errors: startup_error if it cannot work with this host, or if there
    /// is one of that kind and name already.
    void add_static(const coax_plugin* plugin);

    /// The plugin of that kind and name, loaded at most once. Never null.
    ///
    /// The first file of that name decides: if it cannot be used, the search does not go on to another one.
    /// Errors: startup_error (78 if none is found or the name is malformed) with what, where and the remedy.
    const coax_plugin* find(plugin_kind kind, std::string_view name);

private:
    using key = std::pair<plugin_kind, std::string>;
    std::vector<std::filesystem::path> folders() const;

    plugin_search search_;
    std::map<key, const coax_plugin*> known_;
};

} // namespace coax
