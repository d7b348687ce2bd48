/* Host functions: console, time, random, modules, hypercalls, the end. */

#include <string.h>

#include "host.h"

#define NS_PER_MS 1e6
#define ADDRESS_MAX 9007199254740991.0

/* print(text): one line on the console */
HOST_FUNCTION(js_print)
{
    size_t size;
    const char *text = JS_ToCStringLen(ctx, &size, argv[0]);
    if (!text)
        return JS_EXCEPTION;
    console_line(text, size);
    JS_FreeCString(ctx, text);
    return JS_UNDEFINED;
}

/* now(): milliseconds since some start; never goes back */
HOST_FUNCTION(js_now)
{
    return JS_NewFloat64(ctx, (double)clock_now() / NS_PER_MS);
}

/* wall(): milliseconds since 1970-01-01 UTC */
HOST_FUNCTION(js_wall)
{
    return JS_NewFloat64(ctx, (double)clock_wall() / NS_PER_MS);
}

/* random(into: Uint8Array) */
HOST_FUNCTION(js_random)
{
    size_t count;
    uint8_t *bytes = host_numbers(ctx, argv[0], 1, &count);
    if (!bytes)
        return JS_EXCEPTION;
    random_bytes(bytes, count);
    return JS_UNDEFINED;
}

/* shutdown(reason): does not come back */
HOST_FUNCTION(js_shutdown)
{
    double reason;
    if (!host_number(ctx, argv[0], SHUTDOWN_AS_WATCHDOG, &reason))
        return JS_EXCEPTION;
    events_send_owed();
    kernel_shutdown((enum shutdown_reason)reason);
}

/* hypercall(number, a, b, c, d): what Xen gives; pointers are addresses of buffers */
HOST_FUNCTION(js_hypercall)
{
    double n[5] = { 0 };
    for (int i = 0; i < 5 && i < argc; i++) {
        if (!JS_IsUndefined(argv[i]) && !host_number(ctx, argv[i], ADDRESS_MAX, &n[i]))
            return JS_EXCEPTION;
    }
    long result = kernel_hypercall((uint32_t)n[0], (uint64_t)n[1], (uint64_t)n[2], (uint64_t)n[3],
                                   (uint64_t)n[4]);
    return JS_NewInt64(ctx, result);
}

/* modules: [{ name, bytes: ArrayBuffer }], given by the domain's builder */
static JSValue module_list(JSContext *ctx)
{
    const struct module *modules;
    size_t count = kernel_modules(&modules);
    JSValue list = JS_NewArray(ctx);
    for (size_t i = 0; i < count; i++) {
        JSValue module = JS_NewObject(ctx);
        JSValue bytes = JS_NewArrayBufferCopy(ctx, modules[i].bytes, modules[i].size);
        JS_SetPropertyStr(ctx, module, "name", JS_NewString(ctx, modules[i].name));
        JS_SetPropertyStr(ctx, module, "bytes", bytes);
        JS_SetPropertyUint32(ctx, list, (uint32_t)i, module);
    }
    return list;
}

void host_add_system(JSContext *ctx, JSValue host)
{
    static const JSCFunctionListEntry functions[] = {
        JS_CFUNC_DEF("print", 1, js_print),
        JS_CFUNC_DEF("now", 0, js_now),
        JS_CFUNC_DEF("wall", 0, js_wall),
        JS_CFUNC_DEF("random", 1, js_random),
        JS_CFUNC_DEF("shutdown", 1, js_shutdown),
        JS_CFUNC_DEF("hypercall", 5, js_hypercall),
    };
    JS_SetPropertyFunctionList(ctx, host, functions, sizeof functions / sizeof *functions);
    JS_SetPropertyStr(ctx, host, "service", JS_NewString(ctx, service.name));
    JS_SetPropertyStr(ctx, host, "manifest", JS_NewString(ctx, service.manifest));
    JS_SetPropertyStr(ctx, host, "config", JS_NewString(ctx, service.config));
    JS_SetPropertyStr(ctx, host, "commandLine", JS_NewString(ctx, kernel_command_line()));
    JS_SetPropertyStr(ctx, host, "domid", JS_NewUint32(ctx, kernel_domid()));
    JS_SetPropertyStr(ctx, host, "modules", module_list(ctx));
}
