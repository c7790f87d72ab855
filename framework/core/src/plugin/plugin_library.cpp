// SPDX-License-Identifier: MIT
#include "plugin/plugin_library.hpp"

#include <coax/error.hpp>

#include <dlfcn.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <system_error>

namespace coax {

namespace {

[[noreturn]] void refuse(const std::filesystem::path& file, const std::string& why) { throw startup_error("plugin " + file.string() + ": " + why); }

struct stat status_of(const std::filesystem::path& path)
{
    struct stat status{};
    if (::stat(path.c_str(), &status) != 0) refuse(path, std::string("cannot be examined: ") + std::strerror(errno) + "; make it readable for this user");
    return status;
}

/// The file, its folder, and, against a folder being swapped as a whole, every folder above that anybody may write to.
void check_owners(const std::filesystem::path& file)
{
    const auto us = ::geteuid();
    const auto folder = file.parent_path();
    if (const auto objection = ownership_objection(status_of(file), us); !objection.empty()) refuse(file, "is not loaded, since it " + objection);
    if (const auto objection = ownership_objection(status_of(folder), us); !objection.empty())
        refuse(file, "is not loaded, since its folder " + objection);
    for (auto above = folder; above.has_relative_path();) {
        above = above.parent_path();
        const auto status = status_of(above);
        if ((status.st_mode & S_IWOTH) != 0 && (status.st_mode & S_ISVTX) == 0)
            refuse(file, "is not loaded, since anybody may rename what is in " + above.string() + ": chmod o-w " + above.string());
    }
}

} // namespace

std::string ownership_objection(const struct stat& status, uid_t us)
{
    if ((status.st_mode & S_IWOTH) != 0) return "is writable by everybody: chmod o-w it";
    if (status.st_uid != 0 && status.st_uid != us)
        return "belongs to user " + std::to_string(status.st_uid) + ", neither root nor the user of this process (" + std::to_string(us)
            + "): chown it or install it as root";
    return {};
}

const coax_plugin& load_plugin_library(const std::filesystem::path& file, plugin_kind kind, std::string_view name)
{
    std::error_code failed;
    // Links are followed before the owners are checked: what counts is what is loaded.
    const auto real = std::filesystem::canonical(file, failed);
    if (failed) refuse(file, "cannot be opened: " + failed.message() + "; correct the file or remove it");
    check_owners(real);
    void* library = ::dlopen(real.c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    if (!library) {
        const char* why = ::dlerror();
        refuse(file, std::string("cannot be loaded: ") + (why ? why : "no reason given") + "; rebuild it, or install the libraries it needs");
    }
    void* symbol = ::dlsym(library, COAX_PLUGIN_QUERY_SYMBOL);
    if (!symbol) refuse(file, "is not a coax plugin: it does not export " COAX_PLUGIN_QUERY_SYMBOL "; build it with coax_add_plugin() or move it away");
    coax_plugin_query_fn query = nullptr;
    static_assert(sizeof query == sizeof symbol);
    std::memcpy(&query, &symbol, sizeof query);
    const auto* plugin = query(COAX_ABI_MAJOR, COAX_ABI_MINOR);
    if (const auto wrong = check_descriptor(plugin, kind, name); !wrong.empty()) refuse(file, wrong);
    return *plugin;
}

} // namespace coax
