/* Host functions: event channels, and the loop that hands events to the service. */

#include "host.h"

JSValue host_turn;
uint32_t host_ports[HOST_PORTS];

/* Calls `call` with the argument as a u32. */
#define WITH_NUMBER(name, call)                                                                  \
    HOST_FUNCTION(name)                                                                          \
    {                                                                                            \
        double n;                                                                                \
        if (!host_number(ctx, argv[0], UINT32_MAX, &n))                                          \
            return JS_EXCEPTION;                                                                 \
        return JS_NewInt32(ctx, call((uint32_t)n));                                              \
    }

/* Later: the script would go on without what the processor has cached before an exit. */
static int notify(uint32_t port)
{
    events_notify_later(port);
    return 0;
}

static int close_port(uint32_t port)
{
    events_send_owed();
    return events_close(port);
}

static int unmask(uint32_t port)
{
    events_unmask(port);
    return 0;
}

/* Each gives a port or 0, or a negative errno. */
WITH_NUMBER(js_alloc_unbound, events_alloc_unbound)
WITH_NUMBER(js_bind_virq, events_bind_virq)
WITH_NUMBER(js_adopt, events_adopt)
WITH_NUMBER(js_close, close_port)
WITH_NUMBER(js_notify, notify)
WITH_NUMBER(js_unmask, unmask)

/* bindInterdomain(domid, port): a port, or a negative errno */
HOST_FUNCTION(js_bind_interdomain)
{
    double domid, port;
    if (!host_number(ctx, argv[0], UINT16_MAX, &domid) ||
        !host_number(ctx, argv[1], UINT32_MAX, &port))
        return JS_EXCEPTION;
    return JS_NewInt32(ctx, events_bind_interdomain((uint32_t)domid, (uint32_t)port));
}

/*
 * loop(turn): from now on, whenever something happened and all promises are settled, turn(count) is
 * called: `count` ports were taken and lie in the first elements of host.ports. It gives the time
 * (of host.now) at which it wants to be called again at the latest, Infinity for never, or a
 * negative number when there is nothing left to wait for: the service has ended.
 */
HOST_FUNCTION(js_loop)
{
    if (!JS_IsFunction(ctx, argv[0]))
        return JS_ThrowTypeError(ctx, "loop takes a function");
    JS_FreeValue(ctx, host_turn);
    host_turn = JS_DupValue(ctx, argv[0]);
    return JS_UNDEFINED;
}

void host_add_events(JSContext *ctx, JSValue host)
{
    static const JSCFunctionListEntry functions[] = {
        JS_CFUNC_DEF("allocUnbound", 1, js_alloc_unbound),
        JS_CFUNC_DEF("bindInterdomain", 2, js_bind_interdomain),
        JS_CFUNC_DEF("bindVirq", 1, js_bind_virq),
        JS_CFUNC_DEF("adopt", 1, js_adopt),
        JS_CFUNC_DEF("close", 1, js_close),
        JS_CFUNC_DEF("notify", 1, js_notify),
        JS_CFUNC_DEF("unmask", 1, js_unmask),
        JS_CFUNC_DEF("loop", 1, js_loop),
    };
    JS_SetPropertyFunctionList(ctx, host, functions, sizeof functions / sizeof *functions);
    JSValue buffer = host_buffer(ctx, host_ports, sizeof host_ports);
    JSValue of[] = { buffer, JS_UNDEFINED, JS_UNDEFINED };
    JSValue ports = JS_NewTypedArray(ctx, 3, of, JS_TYPED_ARRAY_UINT32);
    JS_FreeValue(ctx, buffer);
    JS_SetPropertyStr(ctx, host, "ports", ports);
}
