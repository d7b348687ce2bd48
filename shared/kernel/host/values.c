/* Numbers and buffers between scripts and the kernel. */

#include "host.h"

JSValue host_buffer(JSContext *ctx, void *at, size_t size)
{
    return JS_NewArrayBuffer(ctx, at, size, NULL, NULL, false);
}

void *host_take_buffer(JSContext *ctx, JSValueConst buffer, size_t *size)
{
    void *at = JS_GetArrayBuffer(ctx, size, buffer);
    if (at)
        JS_DetachArrayBuffer(ctx, buffer);
    return at;
}

void *host_numbers(JSContext *ctx, JSValueConst array, size_t element, size_t *count)
{
    size_t offset, length, width, size;
    JSValue buffer = JS_GetTypedArrayBuffer(ctx, array, &offset, &length, &width);
    if (JS_IsException(buffer))
        return NULL;
    uint8_t *bytes = JS_GetArrayBuffer(ctx, &size, buffer);
    JS_FreeValue(ctx, buffer);
    if (!bytes)
        return NULL;
    if (width != element) {
        JS_ThrowTypeError(ctx, "an array of another kind is needed");
        return NULL;
    }
    *count = length / element;
    return bytes + offset;
}

bool host_number(JSContext *ctx, JSValueConst value, double max, double *number)
{
    if (JS_ToFloat64(ctx, number, value))
        return false;
    if (*number >= 0 && *number <= max && *number == (double)(uint64_t)*number)
        return true;
    JS_ThrowRangeError(ctx, "a number out of range");
    return false;
}
