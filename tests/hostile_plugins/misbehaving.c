/* SPDX-License-Identifier: MIT */
/* An adapter that breaks the contract in the way its options name: {"behaviour":"…"}. What is not named behaves well. */
#include <coax/abi/adapter.h>
#include <coax/abi/plugin.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum { THREADS = 8 };

struct coax_call {
    struct instance* owner;
    coax_done done;
    atomic_int releases;
};

typedef struct instance {
    const coax_host* host;
    char behaviour[32];
    void* releases; /* metric: how often `release` came */
    coax_call call;  /* of the one operation that is kept */
    pthread_t threads[THREADS];
    int has_threads;
    atomic_int is_over;
} instance;

static int is(const instance* me, const char* behaviour) { return strcmp(me->behaviour, behaviour) == 0; }

static void complete(coax_done done) { done.fn(done.ctx, NULL, NULL); }

static coax_call* keep(instance* me, coax_done done)
{
    me->call.owner = me;
    me->call.done = done;
    return &me->call;
}

static void* complete_once(void* of)
{
    complete(((instance*)of)->call.done);
    return NULL;
}

static void* deliver_until_over(void* of)
{
    instance* me = of;
    const coax_message one = {{"storm", 5}, {"1", 1}, {NULL, 0}};
    while (!atomic_load(&me->is_over)) me->host->deliver(me->host->self, &one, 1, sizeof one);
    return NULL;
}

static void run_threads(instance* me, void* (*body)(void*))
{
    me->has_threads = 1;
    for (int i = 0; i < THREADS; ++i)
        if (pthread_create(&me->threads[i], NULL, body, me) != 0) abort();
}

static void join_threads(instance* me)
{
    if (!me->has_threads) return;
    for (int i = 0; i < THREADS; ++i) pthread_join(me->threads[i], NULL);
    me->has_threads = 0;
}

static void* create(const coax_host* host, coax_str config_json, coax_done report)
{
    static const char key[] = "{\"behaviour\":\"";
    if (config_json.size < sizeof key + 1 || memcmp(config_json.data, key, sizeof key - 1) != 0) abort();
    instance* made = calloc(1, sizeof *made);
    if (!made) abort();
    const size_t size = config_json.size - (sizeof key - 1) - 2;
    if (size >= sizeof made->behaviour) abort();
    memcpy(made->behaviour, config_json.data + sizeof key - 1, size);
    made->host = host;
    made->releases = host->metric(host->self, COAX_METRIC_COUNTER, (coax_str){"releases_total", 14}, (coax_str){"Releases", 8}, NULL, 0);
    if (is(made, "create_fails_silently")) return free(made), NULL;
    if (is(made, "create_reports_and_succeeds")) {
        const coax_error error = {sizeof error, COAX_STATUS_PLUGIN_FAILED, 0, 0, {"not really", 10}};
        report.fn(report.ctx, &error, NULL);
        report.fn(report.ctx, &error, NULL);
    }
    if (is(made, "create_keeps_report")) made->call.done = report;
    return made;
}

static void destroy(void* self)
{
    instance* me = self;
    /* Everything a plugin must not do once its stop has completed. */
    if (is(me, "after_stop")) {
        const coax_message one = {{"a", 1}, {"1", 1}, {NULL, 0}};
        complete(me->call.done);
        me->host->deliver(me->host->self, &one, 1, sizeof one);
        me->host->state(me->host->self, COAX_STATE_CONNECTED, NULL);
        me->host->log(me->host->self, COAX_LOG_ERROR, (coax_str){"late", 4}, NULL, 0);
        me->host->metric_add(me->releases, 1);
    }
    atomic_store(&me->is_over, 1);
    join_threads(me);
    free(me);
}

static coax_call* start(void* self, coax_done done)
{
    instance* me = self;
    if (is(me, "start_never")) return keep(me, done);
    if (is(me, "create_keeps_report")) complete(me->call.done);
    if (is(me, "start_twice")) complete(done);
    if (is(me, "deliver_eight_threads")) run_threads(me, deliver_until_over);
    complete(done);
    return NULL;
}

static coax_call* stop(void* self, uint32_t limit_ms, coax_done done)
{
    instance* me = self;
    (void)limit_ms;
    if (is(me, "start_never")) complete(me->call.done); /* long after it was given up */
    if (is(me, "stop_never")) {
        /* The host leaks this instance on purpose; a leak checker should report accidents only. */
        static instance* volatile leaked;
        leaked = me;
        return keep(leaked, done);
    }
    if (is(me, "complete_eight_threads")) join_threads(me);
    if (is(me, "stop_twice")) complete(done);
    complete(done);
    return NULL;
}

static coax_call* subscribe(void* self, coax_str stream, coax_done done)
{
    instance* me = self;
    (void)stream;
    if (is(me, "never") || is(me, "after_stop")) return keep(me, done);
    if (is(me, "complete_eight_threads")) {
        coax_call* call = keep(me, done);
        run_threads(me, complete_once);
        return call;
    }
    if (is(me, "twice")) complete(done);
    complete(done);
    return NULL;
}

static coax_call* unsubscribe(void* self, coax_str stream, coax_done done)
{
    (void)self, (void)stream;
    complete(done);
    return NULL;
}

static coax_call* publish(void* self, const coax_message* messages, size_t count, size_t stride, coax_done done)
{
    instance* me = self;
    (void)messages, (void)count, (void)stride;
    if (is(me, "oversized")) {
        static char name[4096];
        memset(name, 's', sizeof name);
        const coax_message batch[] = {
            {{name, 0}, {"1", 1}, {NULL, 0}}, {{name, 255}, {"2", 1}, {NULL, 0}}, {{name, 256}, {"3", 1}, {NULL, 0}}, {{name, sizeof name}, {"4", 1}, {NULL, 0}}};
        if (me->host->deliver(me->host->self, batch, 4, sizeof batch[0]) != 4) abort();
    }
    complete(done);
    return NULL;
}

static void cancel(coax_call* call) { (void)call; }

static void release(coax_call* call)
{
    if (atomic_fetch_add(&call->releases, 1) != 0) abort();
    call->owner->host->metric_add(call->owner->releases, 1);
}

static const coax_adapter_vtable table = {sizeof(coax_adapter_vtable), 0, create, destroy, start, stop, subscribe, unsubscribe, publish, cancel, release};

static const coax_plugin plugin = {COAX_PLUGIN_MAGIC, COAX_ABI_MAJOR, COAX_ABI_MINOR, sizeof(coax_plugin), COAX_KIND_ADAPTER, "misbehaving", "1.0",
    NULL, 0, 0, &table};

COAX_PLUGIN_EXPORT const coax_plugin* coax_plugin_query(uint16_t host_abi_major, uint16_t host_abi_minor);
COAX_PLUGIN_EXPORT const coax_plugin* coax_plugin_query(uint16_t host_abi_major, uint16_t host_abi_minor)
{
    (void)host_abi_major, (void)host_abi_minor;
    return &plugin;
}
