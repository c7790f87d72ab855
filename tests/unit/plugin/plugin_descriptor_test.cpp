// SPDX-License-Identifier: MIT
#include "plugin/plugin_descriptor.hpp"

#include "support/catch.hpp"

#include <cstddef>
#include <string>

namespace {

void* create(const coax_host*, coax_str, coax_done) { return nullptr; }
void end(void*) {}
coax_call* start(void*, coax_done) { return nullptr; }
coax_call* stop(void*, std::uint32_t, coax_done) { return nullptr; }
coax_call* with_stream(void*, coax_str, coax_done) { return nullptr; }
coax_call* publish(void*, const coax_message*, std::size_t, std::size_t, coax_done) { return nullptr; }
void of_call(coax_call*) {}

coax_adapter_vtable full_table() { return {sizeof(coax_adapter_vtable), 0, create, end, start, stop, with_stream, with_stream, publish, of_call, of_call}; }

struct described {
    coax_adapter_vtable table = full_table();
    coax_plugin plugin{COAX_PLUGIN_MAGIC, COAX_ABI_MAJOR, COAX_ABI_MINOR, sizeof(coax_plugin), COAX_KIND_ADAPTER, "nats", "1.0", nullptr, 0, 0, &table};

    std::string check() const { return coax::check_descriptor(&plugin, coax::plugin_kind::adapter, "nats"); }
};

bool contains(const std::string& text, const char* part) { return text.find(part) != std::string::npos; }

} // namespace

TEST_CASE("a complete descriptor of this version is accepted", "[plugin]") { CHECK(described().check().empty()); }

TEST_CASE("no descriptor means that the plugin refuses this host", "[plugin]")
{
    CHECK(contains(coax::check_descriptor(nullptr, coax::plugin_kind::adapter, "nats"), "refuses this host's ABI 1.0"));
}

TEST_CASE("a wrong magic number is not a coax plugin", "[plugin]")
{
    described it;
    it.plugin.magic ^= 1;
    CHECK(contains(it.check(), "is not a coax plugin"));
}

TEST_CASE("another major version is refused with both numbers and the remedy, whatever else the descriptor says", "[plugin]")
{
    described it;
    it.plugin.abi_major = 2;
    it.plugin.struct_size = 16; // the rest must not be read
    it.plugin.kind = 99;
    CHECK(contains(it.check(), "built for ABI 2, this host speaks 1"));
    CHECK(contains(it.check(), "rebuild it against coax 1.x"));
}

TEST_CASE("a descriptor that is too short is refused with its size", "[plugin]")
{
    described it;
    it.plugin.struct_size = 63;
    CHECK(contains(it.check(), "has 63 bytes, at least 64"));
}

TEST_CASE("a longer descriptor of a newer minor version is accepted", "[plugin]")
{
    described it;
    it.plugin.abi_minor = 7;
    it.plugin.struct_size = 128;
    CHECK(it.check().empty());
}

TEST_CASE("a newer minor version that needs unknown host features is refused, and they are named", "[plugin]")
{
    described it;
    it.plugin.abi_minor = 7;
    it.plugin.needs_host_features = COAX_HOST_FEATURE_META | (std::uint64_t(1) << 40);
    CHECK(contains(it.check(), "built for ABI 1.7"));
    CHECK(contains(it.check(), "meta, bit 40"));
}

TEST_CASE("another kind is refused", "[plugin]")
{
    described it;
    it.plugin.kind = COAX_KIND_RPC;
    CHECK(contains(it.check(), "is of kind 2"));
}

TEST_CASE("an RPC plugin is refused, since its table is not part of this version", "[plugin]")
{
    described it;
    it.plugin.kind = COAX_KIND_RPC;
    CHECK(contains(coax::check_descriptor(&it.plugin, coax::plugin_kind::rpc, "nats"), "does not run rpc plugins"));
}

TEST_CASE("a name that differs from the wanted one is refused with both", "[plugin]")
{
    described it;
    it.plugin.name = "redis";
    CHECK(contains(it.check(), "calls itself 'redis', but 'nats' is wanted"));
}

TEST_CASE("a missing, endless or malformed name is refused", "[plugin]")
{
    described it;
    const std::string endless(10'000, 'a');
    for (const char* name : {static_cast<const char*>(nullptr), "", "Nats", "../nats", endless.c_str()}) {
        it.plugin.name = name;
        CHECK(contains(it.check(), "its name is not"));
    }
}

TEST_CASE("a missing function table is refused", "[plugin]")
{
    described it;
    it.plugin.vtable = nullptr;
    CHECK(contains(it.check(), "has no function table"));
}

TEST_CASE("an entry that is null is named", "[plugin]")
{
    described it;
    it.table.publish = nullptr;
    it.table.cancel = nullptr;
    CHECK(contains(it.check(), "lacks publish, cancel:"));
}

TEST_CASE("entries past the table's own size count as absent", "[plugin]")
{
    described it;
    it.table.struct_size = offsetof(coax_adapter_vtable, release);
    CHECK(contains(it.check(), "lacks release:"));
    it.table.struct_size = offsetof(coax_adapter_vtable, release) + 7;
    CHECK(contains(it.check(), "lacks release:"));
}

TEST_CASE("a longer table of a newer minor version is accepted", "[plugin]")
{
    described it;
    it.table.struct_size = sizeof(coax_adapter_vtable) + 16;
    CHECK(it.check().empty());
}
