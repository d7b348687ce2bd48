/* Host functions: work on many bytes at a time, as shared/core/bytes.ts says. */

#include <string.h>

#include "host.h"

struct bytes {
    uint8_t *at;
    size_t size;
};

static bool bytes_of(JSContext *ctx, JSValueConst array, struct bytes *bytes)
{
    bytes->at = host_numbers(ctx, array, 1, &bytes->size);
    return bytes->at;
}

/* A place in bytes, from `from` on, so that `size` bytes lie between it and the end. */
static bool place_in(JSContext *ctx, const struct bytes *bytes, JSValueConst value, size_t size,
                     size_t *place)
{
    int64_t number;
    if (JS_ToInt64(ctx, &number, value))
        return false;
    if (number >= 0 && size <= bytes->size && (uint64_t)number <= bytes->size - size) {
        *place = (size_t)number;
        return true;
    }
    JS_ThrowRangeError(ctx, "a place beyond the bytes");
    return false;
}

static bool is_ascii(const uint8_t *at, size_t size)
{
    uint8_t all = 0;
    for (size_t i = 0; i < size; i++)
        all |= at[i];
    return all < 0x80;
}

/* latin1Of(bytes, start, end): string */
HOST_FUNCTION(js_latin1_of)
{
    struct bytes bytes;
    size_t start, end;
    if (!bytes_of(ctx, argv[0], &bytes) || !place_in(ctx, &bytes, argv[2], 0, &end))
        return JS_EXCEPTION;
    bytes.size = end;
    if (!place_in(ctx, &bytes, argv[1], 0, &start))
        return JS_EXCEPTION;
    const uint8_t *from = bytes.at + start;
    size_t size = end - start;
    if (is_ascii(from, size))
        return JS_NewStringLen(ctx, (const char *)from, size);
    /* The engine takes UTF-8: two bytes for each of the upper half. */
    char *utf8 = js_malloc(ctx, 2 * size);
    if (!utf8)
        return JS_EXCEPTION;
    size_t length = 0;
    for (size_t i = 0; i < size; i++) {
        if (from[i] >= 0x80)
            utf8[length++] = (char)(0xc0 | from[i] >> 6);
        utf8[length++] = (char)(from[i] < 0x80 ? from[i] : 0x80 | (from[i] & 0x3f));
    }
    JSValue text = JS_NewStringLen(ctx, utf8, length);
    js_free(ctx, utf8);
    return text;
}

/* The low bytes of the UTF-16 units of well-formed UTF-8 go to `to`, if given; how many. */
static size_t low_bytes(const char *utf8, size_t size, uint8_t *to)
{
    size_t count = 0;
    for (size_t i = 0; i < size;) {
        uint8_t lead = (uint8_t)utf8[i++];
        uint32_t code = lead < 0xe0 ? lead & 0x1f : lead < 0xf0 ? lead & 0x0f : lead & 0x07;
        if (lead < 0x80)
            code = lead;
        for (; i < size && ((uint8_t)utf8[i] & 0xc0) == 0x80; i++)
            code = code << 6 | ((uint8_t)utf8[i] & 0x3f);
        if (code >= 0x10000) {
            if (to)
                to[count] = (uint8_t)((code - 0x10000) >> 10);
            count++;
        }
        if (to)
            to[count] = (uint8_t)code;
        count++;
    }
    return count;
}

/* putLatin1(bytes, at, text): where the next byte goes */
HOST_FUNCTION(js_put_latin1)
{
    struct bytes bytes;
    size_t at, size;
    const char *text = JS_ToCStringLen(ctx, &size, argv[2]);
    if (!text)
        return JS_EXCEPTION;
    bool ascii = is_ascii((const uint8_t *)text, size);
    size_t count = ascii ? size : low_bytes(text, size, NULL);
    bool fits = bytes_of(ctx, argv[0], &bytes) && place_in(ctx, &bytes, argv[1], count, &at);
    if (fits && ascii)
        memcpy(bytes.at + at, text, size);
    else if (fits)
        low_bytes(text, size, bytes.at + at);
    JS_FreeCString(ctx, text);
    return fits ? JS_NewInt64(ctx, (int64_t)(at + count)) : JS_EXCEPTION;
}

/* spanOf(text, set): how many characters it begins with that are in the set */
HOST_FUNCTION(js_span_of)
{
    struct bytes set;
    size_t size, i = 0;
    if (!bytes_of(ctx, argv[1], &set))
        return JS_EXCEPTION;
    const char *text = JS_ToCStringLen(ctx, &size, argv[0]);
    if (!text)
        return JS_EXCEPTION;
    size_t most = set.size < 0x80 ? set.size : 0x80;
    while (i < size && (uint8_t)text[i] < most && set.at[(uint8_t)text[i]] == 1)
        i++;
    JS_FreeCString(ctx, text);
    return JS_NewInt64(ctx, (int64_t)i);
}

static uint32_t hash_of(const uint8_t *at, size_t size)
{
    uint32_t hash = (uint32_t)size;
    for (size_t i = 0; i < size; i++)
        hash = hash * 31 + at[i];
    return hash;
}

/* hashOf(text): of its low bytes */
HOST_FUNCTION(js_hash_of)
{
    size_t size;
    uint32_t hash;
    const char *text = JS_ToCStringLen(ctx, &size, argv[0]);
    if (!text)
        return JS_EXCEPTION;
    if (is_ascii((const uint8_t *)text, size)) {
        hash = hash_of((const uint8_t *)text, size);
    } else {
        uint8_t *low = js_malloc(ctx, size);
        if (!low) {
            JS_FreeCString(ctx, text);
            return JS_EXCEPTION;
        }
        hash = hash_of(low, low_bytes(text, size, low));
        js_free(ctx, low);
    }
    JS_FreeCString(ctx, text);
    return JS_NewInt32(ctx, (int32_t)hash);
}

/* putWords(bytes, at, first, second, third, fourth) */
HOST_FUNCTION(js_put_words)
{
    struct bytes bytes;
    size_t at;
    uint32_t words[4];
    for (int i = 0; i < 4; i++) {
        if (JS_ToUint32(ctx, &words[i], argv[2 + i]))
            return JS_EXCEPTION;
    }
    if (!bytes_of(ctx, argv[0], &bytes) || !place_in(ctx, &bytes, argv[1], sizeof words, &at))
        return JS_EXCEPTION;
    memcpy(bytes.at + at, words, sizeof words);
    return JS_UNDEFINED;
}

/* copyBytes(from, start, to, at, count) */
HOST_FUNCTION(js_copy_bytes)
{
    struct bytes from, to;
    size_t start, at;
    int64_t count;
    if (JS_ToInt64(ctx, &count, argv[4]) || !bytes_of(ctx, argv[0], &from) ||
        !place_in(ctx, &from, argv[1], (size_t)count, &start) || !bytes_of(ctx, argv[2], &to) ||
        !place_in(ctx, &to, argv[3], (size_t)count, &at))
        return JS_EXCEPTION;
    memcpy(to.at + at, from.at + start, (size_t)count);
    return JS_UNDEFINED;
}

void host_add_bytes(JSContext *ctx, JSValue host)
{
    static const JSCFunctionListEntry functions[] = {
        JS_CFUNC_DEF("latin1Of", 3, js_latin1_of),
        JS_CFUNC_DEF("putLatin1", 3, js_put_latin1),
        JS_CFUNC_DEF("spanOf", 2, js_span_of),
        JS_CFUNC_DEF("hashOf", 1, js_hash_of),
        JS_CFUNC_DEF("putWords", 6, js_put_words),
        JS_CFUNC_DEF("copyBytes", 5, js_copy_bytes),
    };
    JSValue bytes = JS_NewObject(ctx);
    JS_SetPropertyFunctionList(ctx, bytes, functions, sizeof functions / sizeof *functions);
    JS_SetPropertyStr(ctx, host, "bytes", bytes);
}
