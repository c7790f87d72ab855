// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <coax/abi/adapter.h>
#include <coax/abi/host.h>
#include <coax/abi/plugin.h>
#include <coax/abi/rpc.h>

#include <cstddef>
#include <type_traits>

extern "C" std::size_t coax_test_size_of_plugin(void);

// The numbers are those of 64-bit platforms. A change here is a change of the ABI: append, never edit.
static_assert(sizeof(void*) == 8);

TEST_CASE("the descriptor keeps its layout, of which the first four fields never move", "[abi]")
{
    CHECK(sizeof(coax_plugin) == 64);
    CHECK(coax_test_size_of_plugin() == 64);
    CHECK(offsetof(coax_plugin, magic) == 0);
    CHECK(offsetof(coax_plugin, abi_major) == 4);
    CHECK(offsetof(coax_plugin, abi_minor) == 6);
    CHECK(offsetof(coax_plugin, struct_size) == 8);
    CHECK(offsetof(coax_plugin, kind) == 12);
    CHECK(offsetof(coax_plugin, name) == 16);
    CHECK(offsetof(coax_plugin, version) == 24);
    CHECK(offsetof(coax_plugin, build_info) == 32);
    CHECK(offsetof(coax_plugin, needs_host_features) == 40);
    CHECK(offsetof(coax_plugin, features) == 48);
    CHECK(offsetof(coax_plugin, vtable) == 56);
    CHECK(COAX_PLUGIN_MAGIC == 0x58414F43);
    CHECK(COAX_ABI_MAJOR == 1);
    CHECK(COAX_KIND_ADAPTER == 1);
    CHECK(COAX_KIND_RPC == 2);
}

TEST_CASE("the values of calls keep their layout", "[abi]")
{
    CHECK(sizeof(coax_str) == 16);
    CHECK(offsetof(coax_str, data) == 0);
    CHECK(offsetof(coax_str, size) == 8);
    CHECK(sizeof(coax_pair) == 32);
    CHECK(offsetof(coax_pair, key) == 0);
    CHECK(offsetof(coax_pair, value) == 16);
    CHECK(sizeof(coax_error) == 32);
    CHECK(offsetof(coax_error, struct_size) == 0);
    CHECK(offsetof(coax_error, status) == 4);
    CHECK(offsetof(coax_error, vendor_code) == 8);
    CHECK(offsetof(coax_error, reserved) == 12);
    CHECK(offsetof(coax_error, message) == 16);
    CHECK(sizeof(coax_done) == 16);
    CHECK(offsetof(coax_done, fn) == 0);
    CHECK(offsetof(coax_done, ctx) == 8);
    CHECK(sizeof(coax_message) == 48);
    CHECK(offsetof(coax_message, stream) == 0);
    CHECK(offsetof(coax_message, payload) == 16);
    CHECK(offsetof(coax_message, meta) == 32);
}

TEST_CASE("the host's table keeps its layout", "[abi]")
{
    CHECK(sizeof(coax_host) == 80);
    CHECK(offsetof(coax_host, struct_size) == 0);
    CHECK(offsetof(coax_host, reserved) == 4);
    CHECK(offsetof(coax_host, features) == 8);
    CHECK(offsetof(coax_host, self) == 16);
    CHECK(offsetof(coax_host, log_enabled) == 24);
    CHECK(offsetof(coax_host, log) == 32);
    CHECK(offsetof(coax_host, metric) == 40);
    CHECK(offsetof(coax_host, metric_add) == 48);
    CHECK(offsetof(coax_host, deliver) == 56);
    CHECK(offsetof(coax_host, publication) == 64);
    CHECK(offsetof(coax_host, state) == 72);
}

TEST_CASE("the adapter's table keeps its layout", "[abi]")
{
    CHECK(sizeof(coax_adapter_vtable) == 80);
    CHECK(offsetof(coax_adapter_vtable, struct_size) == 0);
    CHECK(offsetof(coax_adapter_vtable, reserved) == 4);
    CHECK(offsetof(coax_adapter_vtable, create) == 8);
    CHECK(offsetof(coax_adapter_vtable, destroy) == 16);
    CHECK(offsetof(coax_adapter_vtable, start) == 24);
    CHECK(offsetof(coax_adapter_vtable, stop) == 32);
    CHECK(offsetof(coax_adapter_vtable, subscribe) == 40);
    CHECK(offsetof(coax_adapter_vtable, unsubscribe) == 48);
    CHECK(offsetof(coax_adapter_vtable, publish) == 56);
    CHECK(offsetof(coax_adapter_vtable, cancel) == 64);
    CHECK(offsetof(coax_adapter_vtable, release) == 72);
}

TEST_CASE("feature bits, levels, states and statuses keep their numbers", "[abi]")
{
    CHECK(COAX_HOST_FEATURE_META == 1);
    CHECK(COAX_HOST_FEATURE_PUBLICATION == 2);
    CHECK(COAX_HOST_FEATURE_METRIC_LABELS == 4);
    CHECK(COAX_ADAPTER_FEATURE_META == 1);
    CHECK(COAX_LOG_DEBUG == 0);
    CHECK(COAX_LOG_INFO == 1);
    CHECK(COAX_LOG_WARN == 2);
    CHECK(COAX_LOG_ERROR == 3);
    CHECK(COAX_METRIC_COUNTER == 1);
    CHECK(COAX_METRIC_GAUGE == 2);
    CHECK(COAX_STATE_CONNECTING == 1);
    CHECK(COAX_STATE_CONNECTED == 2);
    CHECK(COAX_STATE_DISCONNECTED == 3);
    CHECK(COAX_STATUS_ADAPTER_UNAVAILABLE == 11);
    CHECK(COAX_STATUS_TIMED_OUT == 12);
    CHECK(COAX_STATUS_CANCELLED == 13);
    CHECK(COAX_STATUS_SHUTTING_DOWN == 14);
    CHECK(COAX_STATUS_PAYLOAD_TOO_LARGE == 16);
    CHECK(COAX_STATUS_PAYLOAD_NOT_JSON == 17);
    CHECK(COAX_STATUS_OVERLOADED == 18);
    CHECK(COAX_STATUS_PLUGIN_FAILED == 19);
    CHECK(COAX_STATUS_INVALID_ARGUMENT == 20);
}
