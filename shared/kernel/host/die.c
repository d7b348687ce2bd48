/* An exception that nobody caught: what and where on the console, then the domain has crashed. */

#include <string.h>

#include "../cpu/trap.h"
#include "../xen/console.h"
#include "host.h"
#include "positions.h"

/* The name that the linking tool compiles the bundle under. */
#define BUNDLE "main.js"
#define TRACE_MAX 4096

static void print_lines(const char *text)
{
    while (*text != '\0') {
        size_t size = strcspn(text, "\n");
        emergency_printf("%.*s\n", (int)size, text);
        text += size + (text[size] == '\n');
    }
}

void host_die(JSContext *ctx, JSValueConst exception)
{
    static bool dying;
    static char trace[TRACE_MAX];
    if (dying)
        panic("an exception while one was told");
    dying = true;
    /* What cannot be made a string, for lack of memory too, is told as such. */
    const char *what = JS_ToCString(ctx, exception);
    emergency_printf("%s: uncaught %s\n", service.name, what ? what : "exception");
    if (JS_IsError(ctx, exception)) {
        JSValue stack = JS_GetPropertyStr(ctx, exception, "stack");
        const char *text = JS_ToCString(ctx, stack);
        if (text) {
            size_t size = (size_t)(service.positions_end - service.positions);
            positions_translate(service.positions, size, BUNDLE, text, trace, sizeof trace);
            print_lines(trace);
        }
    }
    console_flush();
    halt_as_crashed();
}
