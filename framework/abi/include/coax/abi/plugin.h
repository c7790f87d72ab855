/* SPDX-License-Identifier: MIT */
#pragma once

/* How a plugin presents itself: one exported function that answers a descriptor. */

#include <coax/abi/base.h>

#ifdef __cplusplus
extern "C" {
#endif

#define COAX_PLUGIN_MAGIC UINT32_C(0x58414F43) /* "COAX" in memory on a little-endian machine */

#define COAX_ABI_MAJOR 1
#define COAX_ABI_MINOR 0

/* Kinds of plugin, and the table that `vtable` of each points to. */
enum coax_kind {
    COAX_KIND_ADAPTER = 1, /* coax_adapter_vtable, adapter.h */
    COAX_KIND_RPC = 2      /* reserved, rpc.h */
};

/* What a plugin is. Static data, unchanged until the process ends.
 *
 * The first four fields never move, in any major version, so that every host can read them and say what is wrong. */
typedef struct coax_plugin {
    uint32_t magic;       /* COAX_PLUGIN_MAGIC */
    uint16_t abi_major;   /* COAX_ABI_MAJOR the plugin was built with; must equal the host's */
    uint16_t abi_minor;   /* COAX_ABI_MINOR the plugin was built with; may be older or newer than the host's */
    uint32_t struct_size; /* sizeof(coax_plugin) the plugin was built with */
    uint32_t kind;        /* enum coax_kind */
    const char* name;     /* 1 to 63 of a-z, 0-9, '_', NUL-terminated; the file is libcoax_<kind>_<name>.so */
    const char* version;  /* the plugin's own, for people; may be NULL */
    const char* build_info; /* compiler, libraries; shown, never compared; may be NULL */
    uint64_t needs_host_features; /* COAX_HOST_FEATURE_* without which it cannot work: else it is refused */
    uint64_t features;    /* COAX_ADAPTER_FEATURE_* and the like: what it can do beyond the minimum */
    const void* vtable;   /* the table of its kind; static data as well */
} coax_plugin;

/* Type of the one exported symbol, `coax_plugin_query`. The host says what it speaks; the plugin answers its descriptor. It may answer
 * NULL to refuse that host; it must not answer different descriptors. Called once per load, on the thread that loads; must not block. */
typedef const coax_plugin* (*coax_plugin_query_fn)(uint16_t host_abi_major, uint16_t host_abi_minor);

#define COAX_PLUGIN_QUERY_SYMBOL "coax_plugin_query"

#if defined(__GNUC__)
#define COAX_PLUGIN_EXPORT __attribute__((visibility("default")))
#else
#define COAX_PLUGIN_EXPORT
#endif

#ifdef __cplusplus
} /* extern "C" */
#endif
