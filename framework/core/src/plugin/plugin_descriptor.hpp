// SPDX-License-Identifier: MIT
#pragma once

#include <coax/abi/adapter.h>
#include <coax/abi/host.h>
#include <coax/abi/plugin.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace coax {

enum class plugin_kind : std::uint32_t { adapter = COAX_KIND_ADAPTER, rpc = COAX_KIND_RPC };

/// `adapter` or `rpc`: the word in file names and configuration.
std::string_view to_string(plugin_kind kind) noexcept;

/// Features this host announces and can therefore be asked for.
inline constexpr std::uint64_t host_features = 0;

/// 1 to 63 of a-z, 0-9 and '_': what may stand in a file name, and nothing that could leave a folder.
bool is_plugin_name(std::string_view name) noexcept;

/// Decides whether this host can work with a plugin: magic, major version, sizes, kind, name, features, function table.
///
/// Reads no field before the ones that say it is there. Answers an empty string, or what is wrong and the remedy as a sentence that
/// follows "<where>: ". Thread rule: any; pure.
std::string check_descriptor(const coax_plugin* plugin, plugin_kind kind, std::string_view name);

} // namespace coax
