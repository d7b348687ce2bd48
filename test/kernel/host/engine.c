/*
 * Runs a script under the engine as a program of this machine, with the memory that a domain would
 * give it.
 *
 * usage: engine SCRIPT LIMIT_KIB [ARGUMENT...]
 *
 * SCRIPT is an ES module's bytecode, or with EVALUATES its text.
 *
 * The script finds an object `host`: nowMs() of the processor's time, usedBytes() without garbage,
 * freeBytes(), arguments, print(text).
 */

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../../../deploy/relink/script.h"
#include "../../../shared/kernel/host/host.h"

/* What an allocation costs beside its bytes in the kernel's heap (memory/heap.c). */
#define HEADER 8

static size_t used, limit;

static size_t cost(void *bytes)
{
    return bytes ? malloc_usable_size(bytes) + HEADER : 0;
}

static void *take(JSMallocState *state, size_t size)
{
    if (used + size + HEADER > state->malloc_limit)
        return NULL;
    void *bytes = malloc(size);
    used += cost(bytes);
    return bytes;
}

static void give(JSMallocState *state, void *bytes)
{
    (void)state;
    used -= cost(bytes);
    free(bytes);
}

static void *retake(JSMallocState *state, void *old, size_t size)
{
    if (size == 0) {
        give(state, old);
        return NULL;
    }
    size_t had = cost(old);
    if (used - had + size + HEADER > state->malloc_limit)
        return NULL;
    void *bytes = realloc(old, size);
    if (bytes)
        used += cost(bytes) - had;
    return bytes;
}

static size_t usable(const void *bytes)
{
    return bytes ? malloc_usable_size((void *)bytes) : 0;
}

static JSValue now_ms(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv)
{
    (void)self, (void)argc, (void)argv;
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return JS_NewFloat64(ctx, (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6);
}

static JSValue used_bytes(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv)
{
    (void)self, (void)argc, (void)argv;
    JS_RunGC(JS_GetRuntime(ctx));
    return JS_NewInt64(ctx, (int64_t)used);
}

static JSValue free_bytes(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv)
{
    (void)self, (void)argc, (void)argv;
    return JS_NewInt64(ctx, (int64_t)(limit - used));
}

static JSValue print(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv)
{
    (void)self, (void)argc;
    const char *text = JS_ToCString(ctx, argv[0]);
    if (!text)
        return JS_EXCEPTION;
    puts(text);
    JS_FreeCString(ctx, text);
    return JS_UNDEFINED;
}

static void add_host(JSContext *ctx, int argc, char **argv)
{
    JSValue global = JS_GetGlobalObject(ctx), host = JS_NewObject(ctx), words = JS_NewArray(ctx);
    JS_SetPropertyStr(ctx, host, "nowMs", JS_NewCFunction(ctx, now_ms, "nowMs", 0));
    JS_SetPropertyStr(ctx, host, "usedBytes", JS_NewCFunction(ctx, used_bytes, "usedBytes", 0));
    JS_SetPropertyStr(ctx, host, "print", JS_NewCFunction(ctx, print, "print", 1));
    JS_SetPropertyStr(ctx, host, "freeBytes", JS_NewCFunction(ctx, free_bytes, "freeBytes", 0));
    for (int i = 0; i < argc; i++)
        JS_SetPropertyUint32(ctx, words, (uint32_t)i, JS_NewString(ctx, argv[i]));
    JS_SetPropertyStr(ctx, host, "arguments", words);
    host_add_bytes(ctx, host);
    host_add_ring_moves(ctx, host);
    JS_SetPropertyStr(ctx, global, "host", host);
    JS_FreeValue(ctx, global);
}

#ifdef EVALUATES
static JSValue load(JSContext *ctx, const char *text, size_t size)
{
    return JS_Eval(ctx, text, size, "script", JS_EVAL_TYPE_MODULE | JS_EVAL_FLAG_COMPILE_ONLY);
}
#else
static JSValue load(JSContext *ctx, const char *bytecode, size_t size)
{
    JSValue module = JS_ReadObject(ctx, (const uint8_t *)bytecode, size, JS_READ_OBJ_BYTECODE);
    return !JS_IsException(module) && JS_ResolveModule(ctx, module) < 0 ? JS_EXCEPTION : module;
}
#endif

static int run_jobs(JSRuntime *runtime)
{
    JSContext *of_job;
    int result;
    while ((result = JS_ExecutePendingJob(runtime, &of_job)) > 0)
        continue;
    return result < 0 ? say_exception(of_job) : 0;
}

int main(int argc, char **argv)
{
    if (argc < 3)
        return 2;
    size_t size;
    limit = strtoul(argv[2], NULL, 10) << 10;
    char *text = read_file(argv[1], &size);
    if (!text) {
        fprintf(stderr, "cannot read %s\n", argv[1]);
        return 1;
    }
    const JSMallocFunctions functions = { take, give, retake, usable };
    JSRuntime *runtime = JS_NewRuntime2(&functions, NULL);
    JSContext *ctx = JS_NewContext(runtime);
    JS_SetMaxStackSize(runtime, 192 << 10);
    add_host(ctx, argc - 3, argv + 3);
    JSValue module = load(ctx, text, size);
    if (JS_IsException(module))
        return say_exception(ctx);
    JS_SetMemoryLimit(runtime, limit);
    JSValue done = JS_EvalFunction(ctx, module);
    if (JS_IsException(done))
        return say_exception(ctx);
    if (run_jobs(runtime))
        return 1;
    if (JS_PromiseState(ctx, done) == JS_PROMISE_REJECTED) {
        JS_Throw(ctx, JS_PromiseResult(ctx, done));
        return say_exception(ctx);
    }
    return 0;
}
