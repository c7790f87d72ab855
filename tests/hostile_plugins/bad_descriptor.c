/* SPDX-License-Identifier: MIT */
/* Plugins that must not get past the checks. One file, one module per flaw: FLAW_… is set by the build. */
#include <coax/abi/adapter.h>
#include <coax/abi/plugin.h>

#include <stdlib.h>

/* Reached only if a check is missing: then the test program ends here. */
static void* create(const coax_host* host, coax_str config_json, coax_done report)
{
    (void)host, (void)config_json, (void)report;
    abort();
}
static void destroy(void* self) { (void)self; }
static coax_call* start(void* self, coax_done done) { return (void)self, (void)done, (coax_call*)0; }
static coax_call* stop(void* self, uint32_t limit_ms, coax_done done) { return (void)self, (void)limit_ms, (void)done, (coax_call*)0; }
static coax_call* with_stream(void* self, coax_str stream, coax_done done) { return (void)self, (void)stream, (void)done, (coax_call*)0; }
static coax_call* publish(void* self, const coax_message* messages, size_t count, size_t stride, coax_done done)
{
    return (void)self, (void)messages, (void)count, (void)stride, (void)done, (coax_call*)0;
}
static void of_call(coax_call* call) { (void)call; }

static const coax_adapter_vtable table = {
    .struct_size = sizeof(coax_adapter_vtable),
    .create = create,
    .destroy = destroy,
    .start = start,
    .stop = stop,
#if !defined(FLAW_NULL_ENTRY)
    .subscribe = with_stream,
#endif
    .unsubscribe = with_stream,
    .publish = publish,
    .cancel = of_call,
    .release = of_call,
};

static const coax_plugin plugin = {
#if defined(FLAW_WRONG_MAGIC)
    .magic = 0x21212121,
#else
    .magic = COAX_PLUGIN_MAGIC,
#endif
#if defined(FLAW_OTHER_MAJOR)
    .abi_major = COAX_ABI_MAJOR + 1,
#else
    .abi_major = COAX_ABI_MAJOR,
#endif
#if defined(FLAW_UNKNOWN_FEATURE)
    .abi_minor = COAX_ABI_MINOR + 1,
    .needs_host_features = UINT64_C(1) << 33,
#endif
#if defined(FLAW_SHORT)
    .struct_size = 16,
#else
    .struct_size = sizeof(coax_plugin),
#endif
#if defined(FLAW_KIND)
    .kind = COAX_KIND_RPC,
#else
    .kind = COAX_KIND_ADAPTER,
#endif
    .name = HOSTILE_NAME,
    .version = "1.0",
    .vtable = &table,
};

#if defined(FLAW_NO_SYMBOL)
COAX_PLUGIN_EXPORT const coax_plugin* some_other_query(void);
COAX_PLUGIN_EXPORT const coax_plugin* some_other_query(void) { return &plugin; }
#else
COAX_PLUGIN_EXPORT const coax_plugin* coax_plugin_query(uint16_t host_abi_major, uint16_t host_abi_minor);
COAX_PLUGIN_EXPORT const coax_plugin* coax_plugin_query(uint16_t host_abi_major, uint16_t host_abi_minor)
{
    (void)host_abi_major, (void)host_abi_minor;
#if defined(FLAW_NO_DESCRIPTOR)
    return (void)&plugin, (const coax_plugin*)0;
#else
    return &plugin;
#endif
}
#endif
