/* SPDX-License-Identifier: MIT */
/* A well-behaved adapter in plain C, without the SDK: publishing delivers to this process. Everything completes at once. */
#include <coax/abi/adapter.h>
#include <coax/abi/plugin.h>

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_STREAMS = 16, MAX_STREAM_SIZE = 255, MAX_BATCH = 64 };

typedef struct adapter {
    const coax_host* host;
    pthread_mutex_t mutex;
    size_t count;
    size_t sizes[MAX_STREAMS];
    char names[MAX_STREAMS][MAX_STREAM_SIZE];
} adapter;

static coax_call* succeed(coax_done done)
{
    done.fn(done.ctx, NULL, NULL);
    return NULL;
}

static coax_call* fail(coax_done done, uint32_t status, const char* words)
{
    const coax_error error = {sizeof error, status, 0, 0, {words, strlen(words)}};
    done.fn(done.ctx, &error, NULL);
    return NULL;
}

/* The mutex is held. MAX_STREAMS: not there. */
static size_t find(const adapter* me, coax_str stream)
{
    for (size_t i = 0; i < me->count; ++i)
        if (me->sizes[i] == stream.size && memcmp(me->names[i], stream.data, stream.size) == 0) return i;
    return MAX_STREAMS;
}

static void* create(const coax_host* host, coax_str config_json, coax_done report)
{
    if (config_json.size != 2) return fail(report, COAX_STATUS_INVALID_ARGUMENT, "adapter.plain_c: takes no options"), NULL;
    adapter* made = calloc(1, sizeof *made);
    if (!made) return fail(report, COAX_STATUS_PLUGIN_FAILED, "out of memory"), NULL;
    made->host = host;
    pthread_mutex_init(&made->mutex, NULL);
    return made;
}

static void destroy(void* self)
{
    adapter* me = self;
    pthread_mutex_destroy(&me->mutex);
    free(me);
}

static coax_call* start(void* self, coax_done done)
{
    adapter* me = self;
    me->host->state(me->host->self, COAX_STATE_CONNECTED, NULL);
    return succeed(done);
}

static coax_call* stop(void* self, uint32_t limit_ms, coax_done done)
{
    (void)self, (void)limit_ms;
    return succeed(done);
}

static coax_call* subscribe(void* self, coax_str stream, coax_done done)
{
    adapter* me = self;
    pthread_mutex_lock(&me->mutex);
    const int is_known = find(me, stream) < MAX_STREAMS;
    const int has_room = me->count < MAX_STREAMS && stream.size <= MAX_STREAM_SIZE;
    if (!is_known && has_room) {
        memcpy(me->names[me->count], stream.data, stream.size);
        me->sizes[me->count++] = stream.size;
    }
    pthread_mutex_unlock(&me->mutex);
    return is_known || has_room ? succeed(done) : fail(done, COAX_STATUS_OVERLOADED, "16 streams are the limit");
}

static coax_call* unsubscribe(void* self, coax_str stream, coax_done done)
{
    adapter* me = self;
    pthread_mutex_lock(&me->mutex);
    const size_t found = find(me, stream);
    if (found < MAX_STREAMS) {
        const size_t last = --me->count;
        memmove(me->names[found], me->names[last], sizeof me->names[last]);
        me->sizes[found] = me->sizes[last];
    }
    pthread_mutex_unlock(&me->mutex);
    return succeed(done);
}

static coax_call* publish(void* self, const coax_message* messages, size_t count, size_t stride, coax_done done)
{
    adapter* me = self;
    coax_message wanted[MAX_BATCH];
    size_t n = 0;
    if (count > MAX_BATCH) return fail(done, COAX_STATUS_PAYLOAD_TOO_LARGE, "64 messages are the limit of a batch");
    pthread_mutex_lock(&me->mutex);
    for (size_t i = 0; i < count; ++i) {
        const coax_message* one = (const coax_message*)(const void*)((const char*)messages + i * stride);
        if (find(me, one->stream) < MAX_STREAMS) wanted[n++] = *one;
    }
    /* Under the lock, so that the order within a stream is that of the publishers; deliver never blocks. */
    if (n > 0) me->host->deliver(me->host->self, wanted, n, sizeof wanted[0]);
    pthread_mutex_unlock(&me->mutex);
    return succeed(done);
}

/* No call ever outlives its start. */
static void of_call(coax_call* call)
{
    (void)call;
    abort();
}

static const coax_adapter_vtable table = {sizeof(coax_adapter_vtable), 0, create, destroy, start, stop, subscribe, unsubscribe, publish, of_call, of_call};

static const coax_plugin plugin = {COAX_PLUGIN_MAGIC, COAX_ABI_MAJOR, COAX_ABI_MINOR, sizeof(coax_plugin), COAX_KIND_ADAPTER, "plain_c", "1.0",
    "plain C11", 0, 0, &table};

COAX_PLUGIN_EXPORT const coax_plugin* coax_plugin_query(uint16_t host_abi_major, uint16_t host_abi_minor);
COAX_PLUGIN_EXPORT const coax_plugin* coax_plugin_query(uint16_t host_abi_major, uint16_t host_abi_minor)
{
    (void)host_abi_minor;
    return host_abi_major == COAX_ABI_MAJOR ? &plugin : NULL;
}
