// SPDX-License-Identifier: MIT
// check_descriptor on descriptors of any content and any size. Each structure lies in an allocation of exactly the size it claims, so that
// a field read without looking at the size is seen by the sanitizer.
#include "plugin/plugin_descriptor.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>

namespace {

constexpr std::size_t fixed_fields = 16; // magic to kind: there in every version
constexpr std::size_t entries = 9;

/// Hands out the input piece by piece; zeros after its end.
class reader {
public:
    reader(const std::uint8_t* data, std::size_t size) : left_(reinterpret_cast<const char*>(data), size) {}
    template <class T>
    T take()
    {
        T value{};
        const auto n = std::min(sizeof value, left_.size());
        std::memcpy(&value, left_.data(), n);
        left_.remove_prefix(n);
        return value;
    }
    std::string_view rest() const { return left_; }

private:
    std::string_view left_;
};

void expect(bool holds)
{
    if (!holds) std::abort();
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    reader in(data, size);
    const auto flags = in.take<std::uint8_t>();
    coax_plugin plugin{};
    const auto header = in.take<std::array<char, fixed_fields>>();
    std::memcpy(&plugin, header.data(), header.size());
    plugin.needs_host_features = in.take<std::uint64_t>();
    plugin.features = in.take<std::uint64_t>();
    const auto table_size = in.take<std::uint32_t>();
    const auto present = in.take<std::uint16_t>();

    // A table of its claimed size, at least its size field, at most a little more than this version's.
    const std::size_t table_bytes = std::clamp<std::size_t>(table_size, sizeof table_size, sizeof(coax_adapter_vtable) + 32);
    const auto claimed = static_cast<std::uint32_t>(table_bytes);
    const auto table = std::make_unique<char[]>(table_bytes);
    std::memcpy(table.get(), &claimed, sizeof claimed);
    for (std::size_t i = 0; i < entries; ++i) {
        const auto offset = offsetof(coax_adapter_vtable, create) + i * sizeof(void*);
        const std::uintptr_t entry = (present >> i) & 1 ? 1 : 0; // never called
        if (offset + sizeof entry <= table_bytes) std::memcpy(table.get() + offset, &entry, sizeof entry);
    }
    if (!(flags & 1)) plugin.vtable = table.get();

    // A name in an allocation that ends with its NUL.
    const auto text = in.rest().substr(0, in.rest().find('\0'));
    const auto name = std::make_unique<char[]>(text.size() + 1);
    std::copy(text.begin(), text.end(), name.get());
    if (!(flags & 2)) plugin.name = name.get();

    const std::size_t plugin_bytes = std::clamp<std::size_t>(plugin.struct_size, fixed_fields, sizeof plugin);
    void* exact = ::operator new(plugin_bytes);
    std::memcpy(exact, &plugin, plugin_bytes);
    const auto* given = static_cast<const coax_plugin*>(exact);
    const auto wanted = (flags & 4) ? std::string("memory") : std::string(text);
    const auto kind = (flags & 8) ? coax::plugin_kind::rpc : coax::plugin_kind::adapter;
    const auto wrong = coax::check_descriptor(given, kind, wanted);
    if (wrong.empty()) {
        expect(kind == coax::plugin_kind::adapter);
        expect(plugin.magic == COAX_PLUGIN_MAGIC && plugin.abi_major == COAX_ABI_MAJOR && plugin.kind == COAX_KIND_ADAPTER);
        expect(plugin.struct_size >= sizeof(coax_plugin) && plugin.name && plugin.vtable);
        expect(coax::is_plugin_name(text) && text == wanted);
        expect((plugin.needs_host_features & ~coax::host_features) == 0);
        expect(table_bytes >= sizeof(coax_adapter_vtable) && (present & 0x1ff) == 0x1ff);
    }
    ::operator delete(exact);
    return 0;
}
