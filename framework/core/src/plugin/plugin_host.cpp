// SPDX-License-Identifier: MIT
#include "plugin/plugin_host.hpp"

#include "plugin/plugin_library.hpp"

#include <coax/error.hpp>

#include <cstdlib>
#include <cstring>
#include <system_error>

#ifndef COAX_PLUGIN_DIR
#error "COAX_PLUGIN_DIR is set by the build: the folder that plugins are installed to"
#endif

namespace coax {

plugin_search plugin_search::standard(std::vector<std::string> configured)
{
    const char* environment = std::getenv("COAX_PLUGIN_PATH");
    return {environment ? environment : "", std::move(configured), COAX_PLUGIN_DIR};
}

std::vector<std::filesystem::path> plugin_host::folders() const
{
    std::vector<std::filesystem::path> found;
    for (std::size_t begin = 0; begin <= search_.environment.size();) {
        const auto end = std::min(search_.environment.find(':', begin), search_.environment.size());
        // An empty entry is a stray colon, not the current folder.
        if (end > begin) found.emplace_back(search_.environment.substr(begin, end - begin));
        begin = end + 1;
    }
    for (const auto& folder : search_.configured)
        if (!folder.empty()) found.emplace_back(folder);
    if (!search_.installed.empty()) found.emplace_back(search_.installed);
    return found;
}

void plugin_host::add_static(const coax_plugin* plugin)
{
    // Its own words: kind and name are what it says, the rest is checked. Nothing past the fixed fields is read before it is known to be there.
    const bool is_readable = plugin && plugin->magic == COAX_PLUGIN_MAGIC && plugin->abi_major == COAX_ABI_MAJOR
        && plugin->struct_size >= sizeof(coax_plugin) && plugin->name;
    const std::string name = is_readable ? std::string(plugin->name, ::strnlen(plugin->name, 64)) : std::string();
    const auto kind = is_readable && plugin->kind == COAX_KIND_RPC ? plugin_kind::rpc : plugin_kind::adapter;
    if (const auto wrong = check_descriptor(plugin, kind, name); !wrong.empty())
        throw startup_error("linked-in plugin" + (name.empty() ? std::string() : " '" + name + "'") + ": " + wrong);
    if (!known_.emplace(key(kind, name), plugin).second)
        throw startup_error("linked-in plugin '" + name + "': there is one of that kind and name already; add it once");
}

const coax_plugin* plugin_host::find(plugin_kind kind, std::string_view name)
{
    const std::string kind_name(to_string(kind));
    if (!is_plugin_name(name))
        throw config_error(kind_name + ".name: '" + std::string(name) + "' is no plugin name; it takes 1 to 63 of a-z, 0-9 and '_'");
    key wanted(kind, std::string(name));
    if (const auto found = known_.find(wanted); found != known_.end()) return found->second;

    const auto file = "libcoax_" + kind_name + "_" + std::string(name) + ".so";
    std::string searched;
    for (const auto& folder : folders()) {
        std::error_code failed;
        const auto path = std::filesystem::absolute(folder, failed) / file;
        // A dangling link exists as well: the one who made it meant this file.
        const auto status = std::filesystem::symlink_status(path, failed);
        if (std::filesystem::exists(status)) return known_.emplace(std::move(wanted), &load_plugin_library(path, kind, name)).first->second;
        searched += "\n  " + folder.string() + (std::filesystem::is_directory(folder, failed) ? "" : " (no such folder)");
    }
    if (searched.empty()) searched = " nowhere: no folder is known";
    throw config_error("no " + kind_name + " plugin named '" + std::string(name) + "': " + file + " was looked for in" + searched
        + "\nInstall it there, add its folder to " + kind_name + ".plugin_path or COAX_PLUGIN_PATH, or correct " + kind_name + ".name");
}

} // namespace coax
