/* SPDX-License-Identifier: MIT */
#pragma once

/* Values that host and plugins exchange. C11 and C++; every type here is part of the frozen boundary: within major 1 nothing is
 * reordered, resized or given another meaning. docs/plugins/abi.md lists every field with the minor version that added it.
 *
 * Memory: whatever is reached through a pointer is borrowed for the call; the receiver copies what it keeps. Neither side ever frees
 * memory of the other. Exceptions, `longjmp` and C++ types never cross.
 */

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Text or bytes, not NUL-terminated. `data` may be NULL if `size` is 0. */
typedef struct coax_str {
    const char* data;
    size_t size;
} coax_str;

typedef struct coax_pair {
    coax_str key, value;
} coax_pair;

/* How an operation ended. The numbers are those of coax::errc; a number the receiver does not know counts as
 * COAX_STATUS_PLUGIN_FAILED. An enum constant is an int, so the fields that carry it are uint32_t. */
enum coax_status {
    COAX_STATUS_ADAPTER_UNAVAILABLE = 11, /* not connected to the back end; the same call may succeed later */
    COAX_STATUS_TIMED_OUT = 12,           /* a limit passed; the same call may succeed later */
    COAX_STATUS_CANCELLED = 13,           /* ended because the caller asked for it */
    COAX_STATUS_SHUTTING_DOWN = 14,       /* the callee is stopping or has stopped */
    COAX_STATUS_PAYLOAD_TOO_LARGE = 16,   /* above the back end's limit; nothing was truncated or sent */
    COAX_STATUS_PAYLOAD_NOT_JSON = 17,
    COAX_STATUS_OVERLOADED = 18,          /* a bounded queue is full; the same call may succeed later */
    COAX_STATUS_PLUGIN_FAILED = 19,       /* anything else; the message says what */
    COAX_STATUS_INVALID_ARGUMENT = 20     /* a value the callee cannot take, such as a wrong option */
};

/* Why an operation failed. */
typedef struct coax_error {
    uint32_t struct_size; /* sizeof(coax_error) of the side that filled it; fields beyond it count as absent */
    uint32_t status;      /* enum coax_status, never 0 */
    int32_t vendor_code;  /* number of the back end's library, 0 if there is none; shown, never interpreted */
    uint32_t reserved;    /* 0 */
    coax_str message;     /* for people, UTF-8, one line; may be empty */
} coax_error;

/* The end of an operation. `error` NULL: success. `result` depends on the operation; NULL where it has none. */
typedef void (*coax_done_fn)(void* ctx, const coax_error* error, const void* result);

/* Whom to tell. `fn` is called exactly once, on any thread, possibly before the operation's function returns, never under a lock
 * that the other side could need. It does not block. */
typedef struct coax_done {
    coax_done_fn fn;
    void* ctx;
} coax_done;

/* One started operation, owned by the plugin until `release`. */
typedef struct coax_call coax_call;

/* One message of a stream. */
typedef struct coax_message {
    coax_str stream;  /* 1 to 255 bytes of UTF-8, compared bytewise */
    coax_str payload; /* JSON text */
    coax_str meta;    /* JSON object, or empty: what travels beside the payload; only with the features named *_META */
} coax_message;

#ifdef __cplusplus
} /* extern "C" */
#endif
