/* Host functions: grants. */

#include "host.h"

/*
 * grantOffer(domid, readonly, grefs: Uint32Array): ArrayBuffer with a page for each reference, or
 * errno
 */
HOST_FUNCTION(js_offer)
{
    double domid;
    size_t count;
    if (!host_number(ctx, argv[0], UINT16_MAX, &domid))
        return JS_EXCEPTION;
    uint32_t *grefs = host_numbers(ctx, argv[2], sizeof *grefs, &count);
    if (!grefs)
        return JS_EXCEPTION;
    void *at;
    int error = grants_offer((uint32_t)domid, count, JS_ToBool(ctx, argv[1]), grefs, &at);
    return error < 0 ? JS_NewInt32(ctx, error) : host_buffer(ctx, at, count * PAGE_SIZE);
}

/* grantRevoke(buffer, grefs: Uint32Array) */
HOST_FUNCTION(js_revoke)
{
    size_t count, size;
    const uint32_t *grefs = host_numbers(ctx, argv[1], sizeof *grefs, &count);
    if (!grefs)
        return JS_EXCEPTION;
    void *at = host_take_buffer(ctx, argv[0], &size);
    if (!at)
        return JS_EXCEPTION;
    assert(size == count * PAGE_SIZE);
    grants_revoke(at, grefs, count);
    return JS_UNDEFINED;
}

/* grantMap(domid, readonly, grefs: Uint32Array): ArrayBuffer, or a negative errno */
HOST_FUNCTION(js_map)
{
    double domid;
    size_t count;
    if (!host_number(ctx, argv[0], UINT16_MAX, &domid))
        return JS_EXCEPTION;
    const uint32_t *grefs = host_numbers(ctx, argv[2], sizeof *grefs, &count);
    if (!grefs)
        return JS_EXCEPTION;
    void *at;
    int error = grants_map((uint32_t)domid, grefs, count, JS_ToBool(ctx, argv[1]), &at);
    return error < 0 ? JS_NewInt32(ctx, error) : host_buffer(ctx, at, count * PAGE_SIZE);
}

/* grantUnmap(buffer) */
GIVES_BACK(js_unmap, grants_unmap)

void host_add_grants(JSContext *ctx, JSValue host)
{
    static const JSCFunctionListEntry functions[] = {
        JS_CFUNC_DEF("grantOffer", 3, js_offer),
        JS_CFUNC_DEF("grantRevoke", 2, js_revoke),
        JS_CFUNC_DEF("grantMap", 3, js_map),
        JS_CFUNC_DEF("grantUnmap", 1, js_unmap),
    };
    JS_SetPropertyFunctionList(ctx, host, functions, sizeof functions / sizeof *functions);
}
