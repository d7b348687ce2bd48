/* Runs the service: its bytecode once, then promises, events and timers until nothing is left. */

#include "host.h"
#include "../include/layout.h"

/*
 * The engine refuses to go deeper than this; the rest of the stack is for the kernel's own calls.
 */
#define STACK_FOR_KERNEL (48ul << 10)
/*
 * Cycles are collected when the engine has allocated half as much again as was left by the last
 * collection. In a small domain that may be more than there is: then it is done earlier, but not
 * unless this much was allocated since.
 */
#define TIGHT_BYTES (512ul << 10)
#define COLLECT_BYTES (256ul << 10)

/* Promises that were rejected and have no handler so far. */
#define REJECTED_MAX 16
static struct {
    JSValue promise, reason;
} rejected[REJECTED_MAX];
static unsigned rejected_count;

static void on_rejection(JSContext *ctx, JSValueConst promise, JSValueConst reason, JS_BOOL handled,
                         void *opaque)
{
    (void)opaque;
    if (!handled) {
        if (rejected_count == REJECTED_MAX)
            host_die(ctx, reason);
        rejected[rejected_count].promise = JS_DupValue(ctx, promise);
        rejected[rejected_count++].reason = JS_DupValue(ctx, reason);
        return;
    }
    for (unsigned i = 0; i < rejected_count; i++) {
        if (JS_VALUE_GET_PTR(rejected[i].promise) != JS_VALUE_GET_PTR(promise))
            continue;
        JS_FreeValue(ctx, rejected[i].promise);
        JS_FreeValue(ctx, rejected[i].reason);
        rejected[i] = rejected[--rejected_count];
        return;
    }
}

static JSContext *new_context(JSRuntime *runtime)
{
    JSContext *ctx = JS_NewContextRaw(runtime);
    if (!ctx)
        return NULL;
    service_parts(ctx);
    return ctx;
}

static void die_pending(JSContext *ctx)
{
    host_die(ctx, JS_GetException(ctx));
}

static void add_host(JSContext *ctx)
{
    JSValue global = JS_GetGlobalObject(ctx);
    JSValue host = JS_NewObject(ctx);
    host_add_bytes(ctx, host);
    host_add_ring_moves(ctx, host);
    host_add_memory(ctx, host);
    host_add_events(ctx, host);
    host_add_grants(ctx, host);
    host_add_system(ctx, host);
    if (JS_SetPropertyStr(ctx, global, "host", host) < 0)
        die_pending(ctx);
    JS_FreeValue(ctx, global);
}

static void load(JSContext *ctx)
{
    size_t size = (size_t)(program_end - program_start);
    JSValue module = JS_ReadObject(ctx, program_start, size, JS_READ_OBJ_BYTECODE);
    if (JS_IsException(module) || JS_ResolveModule(ctx, module) < 0)
        die_pending(ctx);
    kernel_free_program();
    JSValue done = JS_EvalFunction(ctx, module);
    if (JS_IsException(done))
        die_pending(ctx);
    JS_FreeValue(ctx, done);
}

static void run_jobs(JSContext *ctx)
{
    JSContext *of_job;
    int result;
    while ((result = JS_ExecutePendingJob(JS_GetRuntime(ctx), &of_job)) > 0)
        continue;
    if (result < 0)
        die_pending(ctx);
    if (rejected_count > 0)
        host_die(ctx, rejected[0].reason);
}

static void collect_if_tight(JSRuntime *runtime)
{
    static uint64_t used_after_last;
    struct memory_figures figures;
    memory_figures(&figures);
    if (figures.heap_used < used_after_last)
        used_after_last = figures.heap_used;
    if (figures.heap_free + figures.pages_free > TIGHT_BYTES ||
        figures.heap_used < used_after_last + COLLECT_BYTES)
        return;
    events_send_owed();
    JS_RunGC(runtime);
    memory_figures(&figures);
    used_after_last = figures.heap_used;
}

/* One turn of the service; the deadline of its next one in nanoseconds, or 0 at its end. */
static uint64_t turn(JSContext *ctx)
{
    JSValue count = JS_NewUint32(ctx, (uint32_t)events_take(host_ports, HOST_PORTS));
    JSValue next = JS_Call(ctx, host_turn, JS_UNDEFINED, 1, &count);
    double ms;
    if (JS_IsException(next) || JS_ToFloat64(ctx, &ms, next))
        die_pending(ctx);
    JS_FreeValue(ctx, next);
    if (ms < 0)
        return 0;
    return ms < 1e13 ? (uint64_t)(ms * 1e6) + 1 : UINT64_MAX;
}

void engine_run(void);
void engine_run(void)
{
    JSRuntime *runtime = JS_NewRuntime();
    JSContext *ctx = runtime ? new_context(runtime) : NULL;
    if (!ctx)
        panic("no memory for the engine");
    JS_UpdateStackTop(runtime);
    JS_SetMaxStackSize(runtime, (size_t)(stack_top - stack_bottom) - STACK_FOR_KERNEL);
    JS_SetHostPromiseRejectionTracker(runtime, on_rejection, NULL);
    host_turn = JS_UNDEFINED;
    add_host(ctx);
    load(ctx);
    for (;;) {
        run_jobs(ctx);
        uint64_t deadline = JS_IsUndefined(host_turn) ? 0 : turn(ctx);
        bool is_ready = JS_IsJobPending(runtime);
        if (is_ready || deadline == 0)
            events_send_owed();
        if (is_ready)
            continue;
        if (deadline == 0)
            return;
        grants_settle();
        collect_if_tight(runtime);
        clock_sleep(deadline);
    }
}
