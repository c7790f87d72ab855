// SPDX-License-Identifier: MIT
#include "plugin/plugin_descriptor.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstring>

namespace coax {

namespace {

constexpr std::size_t max_plugin_name = 63;

struct named_feature {
    std::uint64_t bit;
    std::string_view name;
};
constexpr std::array features{
    named_feature{COAX_HOST_FEATURE_META, "meta"},
    named_feature{COAX_HOST_FEATURE_PUBLICATION, "publication"},
    named_feature{COAX_HOST_FEATURE_METRIC_LABELS, "metric_labels"},
};

std::string feature_names(std::uint64_t bits)
{
    std::string names;
    for (; bits != 0; bits &= bits - 1) {
        const auto bit = bits & ~(bits - 1);
        const auto* known = std::find_if(features.begin(), features.end(), [&](const auto& feature) { return feature.bit == bit; });
        if (!names.empty()) names += ", ";
        names += known != features.end() ? std::string(known->name) : "bit " + std::to_string(std::countr_zero(bit));
    }
    return names;
}

struct table_entry {
    std::size_t offset;
    std::string_view name;
};
#define COAX_ENTRY(function) table_entry{offsetof(coax_adapter_vtable, function), #function}
constexpr std::array adapter_entries{COAX_ENTRY(create), COAX_ENTRY(destroy), COAX_ENTRY(start), COAX_ENTRY(stop), COAX_ENTRY(subscribe),
    COAX_ENTRY(unsubscribe), COAX_ENTRY(publish), COAX_ENTRY(cancel), COAX_ENTRY(release)};
#undef COAX_ENTRY

/// Whether the entry at `offset` lies within the table's own size and is set.
bool has_entry(const void* table, std::uint32_t table_size, std::size_t offset) noexcept
{
    if (offset + sizeof(void (*)()) > table_size) return false;
    std::array<unsigned char, sizeof(void (*)())> bytes{};
    std::memcpy(bytes.data(), static_cast<const unsigned char*>(table) + offset, bytes.size());
    return std::any_of(bytes.begin(), bytes.end(), [](unsigned char byte) { return byte != 0; });
}

std::string check_adapter_table(const void* table)
{
    if (!table) return "has no function table: set vtable in its descriptor";
    std::uint32_t size = 0;
    std::memcpy(&size, table, sizeof size);
    std::string missing;
    for (const auto& entry : adapter_entries) {
        if (has_entry(table, size, entry.offset)) continue;
        if (!missing.empty()) missing += ", ";
        missing += entry.name;
    }
    if (missing.empty()) return {};
    return "its function table lacks " + missing + ": every entry of ABI 1.0 is required; implement it and rebuild";
}

std::string major_mismatch(const coax_plugin& plugin)
{
    const auto theirs = std::to_string(plugin.abi_major);
    const auto ours = std::to_string(COAX_ABI_MAJOR);
    return "built for ABI " + theirs + ", this host speaks " + ours + ": rebuild it against coax " + ours + ".x, or run a host that speaks ABI "
        + theirs;
}

} // namespace

std::string_view to_string(plugin_kind kind) noexcept { return kind == plugin_kind::adapter ? "adapter" : "rpc"; }

bool is_plugin_name(std::string_view name) noexcept
{
    return !name.empty() && name.size() <= max_plugin_name && std::all_of(name.begin(), name.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
    });
}

std::string check_descriptor(const coax_plugin* plugin, plugin_kind kind, std::string_view name)
{
    if (!plugin) return "its query function answers no descriptor: it refuses this host's ABI " + std::to_string(COAX_ABI_MAJOR) + "."
        + std::to_string(COAX_ABI_MINOR) + "; use a build of it for this version";
    // These fields never move; nothing else may be read before the major version is known to be ours.
    if (plugin->magic != COAX_PLUGIN_MAGIC) return "is not a coax plugin: its descriptor does not begin with the magic number; check that the "
        "file is the right one and was built on this kind of machine";
    if (plugin->abi_major != COAX_ABI_MAJOR) return major_mismatch(*plugin);
    if (plugin->struct_size < sizeof(coax_plugin)) return "its descriptor has " + std::to_string(plugin->struct_size) + " bytes, at least "
        + std::to_string(sizeof(coax_plugin)) + " are needed: set struct_size to sizeof(coax_plugin) and rebuild";

    if (plugin->kind != static_cast<std::uint32_t>(kind)) return "is of kind " + std::to_string(plugin->kind) + ", but an " + std::string(to_string(kind))
        + " (kind " + std::to_string(static_cast<std::uint32_t>(kind)) + ") is wanted: name another plugin in the configuration";
    if (kind != plugin_kind::adapter) return "this host does not run " + std::string(to_string(kind)) + " plugins: use a newer coax";
    const auto length = plugin->name ? ::strnlen(plugin->name, max_plugin_name + 1) : 0;
    const std::string_view its_name(plugin->name ? plugin->name : "", length);
    if (!is_plugin_name(its_name)) return "its name is not 1 to 63 of a-z, 0-9, '_': correct the name in its descriptor and rebuild";
    if (its_name != name) return "calls itself '" + std::string(its_name) + "', but '" + std::string(name)
        + "' is wanted: rename the file to libcoax_" + std::string(to_string(kind)) + "_" + std::string(its_name)
        + ".so and configure that name, or correct the name in its descriptor";
    if (const auto missing = plugin->needs_host_features & ~host_features) return "built for ABI " + std::to_string(plugin->abi_major) + "."
        + std::to_string(plugin->abi_minor) + ", needs host features that this host (ABI " + std::to_string(COAX_ABI_MAJOR) + "."
        + std::to_string(COAX_ABI_MINOR) + ") does not have: " + feature_names(missing) + "; use a newer coax or an older plugin";
    return check_adapter_table(plugin->vtable);
}

} // namespace coax
