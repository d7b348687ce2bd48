/* Host functions: bytes into and out of rings of bytes, as shared/core/ring-moves.ts says. */

#include <string.h>

#include "host.h"

/* Indices that a ring with that many bytes cannot have. */
#define BROKEN (-1)

/* The properties that hold a page's words and a ring's four numbers. */
static JSAtom words_of_page, place_of_ring;

struct ring {
    uint8_t *bytes;
    uint32_t size;
    uint32_t *cons, *prod;
};

static void *numbers_in(JSContext *ctx, JSValueConst object, JSAtom name, size_t *count)
{
    JSValue array = JS_GetProperty(ctx, object, name);
    void *at = host_numbers(ctx, array, sizeof(uint32_t), count);
    /* The object has it still. */
    JS_FreeValue(ctx, array);
    return at;
}

static bool ring_of(JSContext *ctx, JSValueConst page, JSValueConst ring, struct ring *out)
{
    size_t words, numbers;
    uint32_t *word = numbers_in(ctx, page, words_of_page, &words);
    const uint32_t *place = word ? numbers_in(ctx, ring, place_of_ring, &numbers) : NULL;
    if (!place)
        return false;
    size_t bytes = words * sizeof *word;
    if (numbers != 4 || place[0] > bytes || place[1] > bytes - place[0] || place[2] >= words ||
        place[3] >= words || place[1] & (place[1] - 1)) {
        JS_ThrowRangeError(ctx, "a ring beyond its page");
        return false;
    }
    *out = (struct ring){
        .bytes = (uint8_t *)word + place[0],
        .size = place[1],
        .cons = &word[place[2]],
        .prod = &word[place[3]],
    };
    return true;
}

/* A part of an array: from `start`, `size` bytes; NULL with an exception if it has no such part. */
static uint8_t *part_of(JSContext *ctx, JSValueConst array, JSValueConst start, size_t size)
{
    size_t all;
    double from;
    uint8_t *bytes = host_numbers(ctx, array, 1, &all);
    if (!bytes || !host_number(ctx, start, (double)all, &from))
        return NULL;
    if (size <= all - (size_t)from)
        return bytes + (size_t)from;
    JS_ThrowRangeError(ctx, "a place beyond the bytes");
    return NULL;
}

/* How many of `size` bytes from `index` on lie before the ring begins again. */
static size_t before_wrap(const struct ring *ring, uint32_t index, size_t size)
{
    size_t to_end = ring->size - (index & (ring->size - 1));
    return size < to_end ? size : to_end;
}

/* peekRing(page, ring, into, at, max): how many, or BROKEN */
HOST_FUNCTION(js_peek_ring)
{
    struct ring ring;
    double max;
    if (!ring_of(ctx, argv[0], argv[1], &ring) || !host_number(ctx, argv[4], UINT32_MAX, &max))
        return JS_EXCEPTION;
    uint32_t cons = __atomic_load_n(ring.cons, __ATOMIC_RELAXED);
    uint32_t ready = __atomic_load_n(ring.prod, __ATOMIC_ACQUIRE) - cons;
    if (ready > ring.size)
        return JS_NewInt32(ctx, BROKEN);
    size_t count = ready < max ? ready : (size_t)max;
    if (count == 0)
        return JS_NewInt32(ctx, 0);
    uint8_t *into = part_of(ctx, argv[2], argv[3], count);
    if (!into)
        return JS_EXCEPTION;
    size_t first = before_wrap(&ring, cons, count);
    memcpy(into, ring.bytes + (cons & (ring.size - 1)), first);
    memcpy(into + first, ring.bytes, count - first);
    return JS_NewInt32(ctx, (int32_t)count);
}

/* takeRing(page, ring, count) */
HOST_FUNCTION(js_take_ring)
{
    struct ring ring;
    uint32_t count;
    if (!ring_of(ctx, argv[0], argv[1], &ring) || JS_ToUint32(ctx, &count, argv[2]))
        return JS_EXCEPTION;
    uint32_t cons = __atomic_load_n(ring.cons, __ATOMIC_RELAXED);
    __atomic_store_n(ring.cons, cons + count, __ATOMIC_SEQ_CST);
    return JS_UNDEFINED;
}

/* writeRing(page, ring, from, start, end): how many, or BROKEN */
HOST_FUNCTION(js_write_ring)
{
    struct ring ring;
    double start, end;
    if (!ring_of(ctx, argv[0], argv[1], &ring) || !host_number(ctx, argv[4], UINT32_MAX, &end) ||
        !host_number(ctx, argv[3], end, &start))
        return JS_EXCEPTION;
    uint32_t prod = __atomic_load_n(ring.prod, __ATOMIC_RELAXED);
    uint32_t used = prod - __atomic_load_n(ring.cons, __ATOMIC_ACQUIRE);
    if (used > ring.size)
        return JS_NewInt32(ctx, BROKEN);
    size_t size = (size_t)(end - start);
    size_t count = size < ring.size - used ? size : ring.size - used;
    if (count == 0)
        return JS_NewInt32(ctx, 0);
    const uint8_t *from = part_of(ctx, argv[2], argv[3], count);
    if (!from)
        return JS_EXCEPTION;
    size_t first = before_wrap(&ring, prod, count);
    memcpy(ring.bytes + (prod & (ring.size - 1)), from, first);
    memcpy(ring.bytes, from + first, count - first);
    __atomic_store_n(ring.prod, prod + (uint32_t)count, __ATOMIC_SEQ_CST);
    return JS_NewInt32(ctx, (int32_t)count);
}

void host_add_ring_moves(JSContext *ctx, JSValue host)
{
    static const JSCFunctionListEntry functions[] = {
        JS_CFUNC_DEF("peekRing", 5, js_peek_ring),
        JS_CFUNC_DEF("takeRing", 3, js_take_ring),
        JS_CFUNC_DEF("writeRing", 5, js_write_ring),
    };
    words_of_page = JS_NewAtom(ctx, "words");
    place_of_ring = JS_NewAtom(ctx, "place");
    JSValue moves = JS_NewObject(ctx);
    JS_SetPropertyFunctionList(ctx, moves, functions, sizeof functions / sizeof *functions);
    JS_SetPropertyStr(ctx, host, "ringMoves", moves);
}
