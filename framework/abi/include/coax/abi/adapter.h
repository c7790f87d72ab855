/* SPDX-License-Identifier: MIT */
#pragma once

/* The function table of a subscription adapter: what carries broadcasts between nodes. */

#include <coax/abi/base.h>
#include <coax/abi/host.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Bits of coax_plugin.features for COAX_KIND_ADAPTER. */
#define COAX_ADAPTER_FEATURE_META (UINT64_C(1) << 0) /* `meta` of a published message reaches the receiving nodes */

/* Life: create -> start -> (subscribe | unsubscribe | publish)* -> stop -> destroy. `destroy` may also follow `create` directly.
 * `stop` follows every `start`, whatever its result, and comes once. After `stop` has completed there is no call in either direction,
 * except `release` of calls that have completed, and `destroy`.
 *
 * Thread rule: any thread, concurrently, except that `destroy` comes last and never from within a completion. No function blocks.
 *
 * A started operation answers a call, or NULL if there is nothing to cancel or release (it has completed, say). `release` comes exactly
 * once per call, after both `done` and the return of the function that started it, possibly from within `done`. `cancel` comes
 * between that return and `release`, never concurrently with it; it is advisory: `done` still comes, once.
 *
 * All entries are required in 1.0. */
typedef struct coax_adapter_vtable {
    uint32_t struct_size; /* sizeof(coax_adapter_vtable) the plugin was built with; entries beyond it count as absent */
    uint32_t reserved;    /* 0 */

    /* Makes an instance. `config_json` is the plugin's own section as a JSON object. On failure answers NULL and, before returning, calls
     * `report` once with the reason, which names the wrong key; on success `report` is not called. Touches no network. */
    void* (*create)(const coax_host* host, coax_str config_json, coax_done report);
    void (*destroy)(void* self);

    /* Completes when the back end has been reached, or with the reason why it has not. */
    coax_call* (*start)(void* self, coax_done done);
    /* Ends everything within `limit_ms`: pending operations are completed first (COAX_STATUS_CANCELLED), then `done` comes. */
    coax_call* (*stop)(void* self, uint32_t limit_ms, coax_done done);

    /* Success means: a message published from now on, anywhere, will be delivered. Idempotent. */
    coax_call* (*subscribe)(void* self, coax_str stream, coax_done done);
    /* Success means: the back end no longer sends this stream. Idempotent. */
    coax_call* (*unsubscribe)(void* self, coax_str stream, coax_done done);
    /* Publishes `count` messages in order, as one batch where the back end can: receivers then get them in one `deliver`. `stride` as in
     * coax_host.deliver. Calls made one after the other reach the back end in that order. Success: the back end has them all. */
    coax_call* (*publish)(void* self, const coax_message* messages, size_t count, size_t stride, coax_done done);

    void (*cancel)(coax_call* call);
    void (*release)(coax_call* call);
} coax_adapter_vtable;

#ifdef __cplusplus
} /* extern "C" */
#endif
