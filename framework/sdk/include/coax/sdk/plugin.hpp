// SPDX-License-Identifier: MIT
#pragma once

#include <coax/sdk/adapter.hpp>
#include <coax/sdk/config.hpp>
#include <coax/sdk/detail/thunks.hpp>
#include <coax/sdk/host.hpp>

#include <coax/abi/plugin.h>

/// COAX_ADAPTER_PLUGIN(class, "name", "version"): makes a plugin of a subscription_adapter. One line in one source file.
///
/// As a module (coax_add_plugin) it defines `coax_plugin_query`, the one exported symbol. Linked into a program, COAX_STATIC_PLUGIN is
/// defined as the name of the accessor, such as `coax_adapter_memory_descriptor`, since several plugins then share one
/// namespace; pass its answer to `server::add_plugin`.
///
/// Include this header in that one source file only: in a module it also compiles Boost.JSON, hidden, so that a plugin and its host may
/// use different versions of it.
#ifdef COAX_STATIC_PLUGIN
#define COAX_DETAIL_PLUGIN_ENTRY(Descriptor)                                                                                     \
    extern "C" const coax_plugin* COAX_STATIC_PLUGIN(void);                                                                      \
    extern "C" const coax_plugin* COAX_STATIC_PLUGIN(void) { return &Descriptor; }
#else
#include <boost/json/src.hpp>
#define COAX_DETAIL_PLUGIN_ENTRY(Descriptor)                                                                                     \
    extern "C" COAX_PLUGIN_EXPORT const coax_plugin* coax_plugin_query(uint16_t, uint16_t);                                      \
    extern "C" COAX_PLUGIN_EXPORT const coax_plugin* coax_plugin_query(uint16_t, uint16_t) { return &Descriptor; }
#endif

#define COAX_ADAPTER_PLUGIN(Adapter, name, version)                                                                              \
    namespace {                                                                                                                  \
    constexpr coax_plugin coax_plugin_descriptor = ::coax::sdk::detail::describe_adapter<Adapter>(name, version);                \
    }                                                                                                                            \
    COAX_DETAIL_PLUGIN_ENTRY(coax_plugin_descriptor)
