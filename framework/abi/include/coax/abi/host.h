/* SPDX-License-Identifier: MIT */
#pragma once

/* What a plugin may ask of its host. */

#include <coax/abi/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Bits of coax_host.features. */
#define COAX_HOST_FEATURE_META (UINT64_C(1) << 0)          /* `meta` of delivered messages is interpreted; without it: ignored */
#define COAX_HOST_FEATURE_PUBLICATION (UINT64_C(1) << 1)   /* `publication` accepts envelopes; without it: none */
#define COAX_HOST_FEATURE_METRIC_LABELS (UINT64_C(1) << 2) /* `metric` takes labels; without it: answers NULL if there are any */

enum coax_log_level { COAX_LOG_DEBUG = 0, COAX_LOG_INFO = 1, COAX_LOG_WARN = 2, COAX_LOG_ERROR = 3 };

enum coax_metric_kind { COAX_METRIC_COUNTER = 1, COAX_METRIC_GAUGE = 2 };

enum coax_adapter_state {
    COAX_STATE_CONNECTING = 1,
    COAX_STATE_CONNECTED = 2,   /* every subscription is in force again */
    COAX_STATE_DISCONNECTED = 3 /* messages are being lost; `why` says why */
};

/* One host per plugin instance. Given to `create` and valid until the process ends; after `stop` has completed its functions
 * accept nothing more.
 *
 * Thread rule: any thread, concurrently; no function blocks or lets an exception out. */
typedef struct coax_host {
    uint32_t struct_size; /* sizeof(coax_host) of the host; entries beyond it are absent */
    uint32_t reserved;    /* 0 */
    uint64_t features;    /* COAX_HOST_FEATURE_* */
    void* self;           /* first argument of the functions below */

    /* Non-zero if an event of that level (enum coax_log_level) would be written: ask before building costly fields. */
    int (*log_enabled)(void* self, uint32_t level);
    /* Writes one event; the host adds the plugin's name. Fields beyond 32 are dropped, values are cut at 4096 bytes. */
    void (*log)(void* self, uint32_t level, coax_str event, const coax_pair* fields, size_t count);

    /* The metric of that name (1 to 64 of a-z, 0-9, '_'; the host prefixes kind and name of the plugin). Ask in `create` and keep the
     * handle. NULL if it cannot be had: a wrong name or kind, labels without the feature, or more than 256 metrics. */
    void* (*metric)(void* self, uint32_t kind, coax_str name, coax_str description, const coax_pair* labels, size_t count);
    /* Adds to a metric, wait-free. A gauge also takes negative values. Fractions are rounded. NULL is ignored. */
    void (*metric_add)(void* metric, double value);

    /* Hands `count` messages to the listeners of their streams, in order; they reach one listener in one go. `stride` is the distance
     * in bytes from one message to the next, at least sizeof(coax_message) of 1.0. For one stream, call it in order.
     * Answers how many were taken, the first n; fewer than `count` means overloaded: those not taken are lost unless offered again.
     * A message with a wrong stream name is dropped, counted and logged; it counts as taken, so that nobody offers it for ever. */
    uint32_t (*deliver)(void* self, const coax_message* messages, size_t count, size_t stride);

    /* Hands over a publication in AnyCable's envelope form, as the application put it into the back end. Answers 1 if it was taken. */
    uint32_t (*publication)(void* self, coax_str envelope);

    /* Tells the state of the connection to the back end (enum coax_adapter_state). `why` may be NULL. */
    void (*state)(void* self, uint32_t state, const coax_error* why);
} coax_host;

#ifdef __cplusplus
} /* extern "C" */
#endif
