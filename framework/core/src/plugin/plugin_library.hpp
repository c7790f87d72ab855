// SPDX-License-Identifier: MIT
#pragma once

#include "plugin/plugin_descriptor.hpp"

#include <sys/stat.h>
#include <sys/types.h>

#include <filesystem>
#include <string>
#include <string_view>

namespace coax {

/// Why a file or folder that is about to become code is not trusted, or an empty string: anybody may write to it, or it belongs to
/// neither root nor `us`.
std::string ownership_objection(const struct stat& status, uid_t us);

/// Loads a shared object and answers its descriptor, checked for `kind` and `name`. The only place that calls dlopen.
///
/// The library stays in the process for good: its threads and static data make unloading a gamble without a prize.
/// Thread rule: start-up, one thread. Errors: startup_error that names the file, what is wrong and the remedy.
const coax_plugin& load_plugin_library(const std::filesystem::path& file, plugin_kind kind, std::string_view name);

} // namespace coax
