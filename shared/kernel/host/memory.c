/* Host functions: pages, foreign memory, figures. */

#include <errno.h>

#include "host.h"

#define PAGES_MAX (1u << 18)
#define FRAME_MAX 9007199254740991.0

static JSValue made(JSContext *ctx, int error, void *at, size_t count)
{
    return error < 0 ? JS_NewInt32(ctx, error) : host_buffer(ctx, at, count * PAGE_SIZE);
}

/* pages(count): ArrayBuffer, or a negative errno */
HOST_FUNCTION(js_pages)
{
    double count;
    if (!host_number(ctx, argv[0], PAGES_MAX, &count))
        return JS_EXCEPTION;
    void *at = heap_pages((size_t)count);
    return made(ctx, at ? 0 : -ENOMEM, at, (size_t)count);
}

/* freePages(buffer) */
GIVES_BACK(js_free_pages, pages_free)

/* address(buffer): where it lies, the same for Xen as for us */
HOST_FUNCTION(js_address)
{
    size_t size;
    void *at = JS_GetArrayBuffer(ctx, &size, argv[0]);
    return at ? JS_NewInt64(ctx, (int64_t)(uintptr_t)at) : JS_EXCEPTION;
}

/* mapForeign(domid, frames: Float64Array): ArrayBuffer, or a negative errno */
HOST_FUNCTION(js_map_foreign)
{
    double domid;
    size_t count;
    if (!host_number(ctx, argv[0], UINT16_MAX, &domid))
        return JS_EXCEPTION;
    const double *numbers = host_numbers(ctx, argv[1], sizeof(double), &count);
    if (!numbers)
        return JS_EXCEPTION;
    uint64_t *frames = heap_alloc(count * sizeof *frames);
    if (!frames)
        return JS_NewInt32(ctx, -ENOMEM);
    for (size_t i = 0; i < count; i++)
        frames[i] = numbers[i] >= 0 && numbers[i] <= FRAME_MAX ? (uint64_t)numbers[i] : UINT64_MAX;
    void *at = NULL;
    int error = foreign_map((uint32_t)domid, frames, count, &at);
    heap_release(frames);
    return made(ctx, error, at, count);
}

/* mapResource(domid, type, id, frame, count): ArrayBuffer, or a negative errno */
HOST_FUNCTION(js_map_resource)
{
    double n[5];
    for (int i = 0; i < 5; i++) {
        if (!host_number(ctx, argv[i], UINT32_MAX, &n[i]))
            return JS_EXCEPTION;
    }
    void *at = NULL;
    int error = foreign_map_resource((uint32_t)n[0], (uint32_t)n[1], (uint32_t)n[2], (uint64_t)n[3],
                                     (size_t)n[4], &at);
    return made(ctx, error, at, (size_t)n[4]);
}

/* unmapForeign(buffer): for both of the above */
GIVES_BACK(js_unmap_foreign, foreign_unmap)

/* parameter(index): what the domain's builder has set, or a negative errno */
HOST_FUNCTION(js_parameter)
{
    double index;
    if (!host_number(ctx, argv[0], UINT32_MAX, &index))
        return JS_EXCEPTION;
    return JS_NewInt64(ctx, domain_parameter((uint32_t)index));
}

/* domainPage(index): ArrayBuffer of the page that a parameter names, or a negative errno */
HOST_FUNCTION(js_domain_page)
{
    double index;
    void *at = NULL;
    if (!host_number(ctx, argv[0], UINT32_MAX, &index))
        return JS_EXCEPTION;
    int error = domain_page((uint32_t)index, &at);
    return made(ctx, error, at, 1);
}

/* memory(figures: Float64Array(4)): total, used and free of the heap, free pages; in bytes */
HOST_FUNCTION(js_memory)
{
    size_t count;
    double *to = host_numbers(ctx, argv[0], sizeof(double), &count);
    if (!to)
        return JS_EXCEPTION;
    if (count < 4)
        return JS_ThrowRangeError(ctx, "four figures need four places");
    struct memory_figures figures;
    memory_figures(&figures);
    to[0] = (double)figures.total;
    to[1] = (double)figures.heap_used;
    to[2] = (double)figures.heap_free;
    to[3] = (double)figures.pages_free;
    return JS_UNDEFINED;
}

void host_add_memory(JSContext *ctx, JSValue host)
{
    static const JSCFunctionListEntry functions[] = {
        JS_CFUNC_DEF("pages", 1, js_pages),
        JS_CFUNC_DEF("freePages", 1, js_free_pages),
        JS_CFUNC_DEF("address", 1, js_address),
        JS_CFUNC_DEF("mapForeign", 2, js_map_foreign),
        JS_CFUNC_DEF("mapResource", 5, js_map_resource),
        JS_CFUNC_DEF("unmapForeign", 1, js_unmap_foreign),
        JS_CFUNC_DEF("parameter", 1, js_parameter),
        JS_CFUNC_DEF("domainPage", 1, js_domain_page),
        JS_CFUNC_DEF("memory", 1, js_memory),
    };
    JS_SetPropertyFunctionList(ctx, host, functions, sizeof functions / sizeof *functions);
}
