/* The lists of free blocks: by powers of two, and each of those in sixteen parts. */

#include "heap-lists.h"

#include <string.h>

#include "../include/kernel.h"
#include "heap.h"

#define SUB_LOG 4
#define SUBS (1u << SUB_LOG)
#define CLASS_FIRST 5 /* sizes up to 2^6 - 1 */
#define CLASSES (32 - CLASS_FIRST)
#define LARGE_BYTES(b) (size_of(b) >= HEAP_LARGE ? size_of(b) : 0)

static struct block *lists[CLASSES][SUBS];
static uint32_t class_map, sub_maps[CLASSES];
static size_t large_bytes;

void lists_clear(void)
{
    memset(lists, 0, sizeof lists);
    memset(sub_maps, 0, sizeof sub_maps);
    class_map = 0;
    large_bytes = 0;
}

size_t lists_large_bytes(void)
{
    return large_bytes;
}

/* The list that a free block of `size` belongs to. */
static void find_list(size_t size, unsigned *class, unsigned *sub)
{
    unsigned log = 63 - (unsigned)__builtin_clzl(size);
    if (log < CLASS_FIRST)
        log = CLASS_FIRST;
    *class = log - CLASS_FIRST;
    *sub = (unsigned)(size >> (log - SUB_LOG)) & (SUBS - 1);
    if (size < 1ul << CLASS_FIRST)
        *sub = 0;
}

void lists_insert(struct block *b)
{
    unsigned class, sub;
    find_list(size_of(b), &class, &sub);
    b->word |= FREE;
    b->prev = NULL;
    b->next = lists[class][sub];
    if (b->next)
        b->next->prev = b;
    lists[class][sub] = b;
    class_map |= 1u << class;
    sub_maps[class] |= 1u << sub;
    *own_address(b) = b;
    after(b)->word |= PREV_FREE;
    large_bytes += LARGE_BYTES(b);
}

void lists_remove(struct block *b)
{
    unsigned class, sub;
    find_list(size_of(b), &class, &sub);
    if (b->next)
        b->next->prev = b->prev;
    if (b->prev) {
        b->prev->next = b->next;
    } else {
        lists[class][sub] = b->next;
        if (!b->next) {
            sub_maps[class] &= ~(1u << sub);
            if (sub_maps[class] == 0)
                class_map &= ~(1u << class);
        }
    }
    b->word &= ~FREE;
    after(b)->word &= ~PREV_FREE;
    large_bytes -= LARGE_BYTES(b);
}

/* Any block of the first list whose blocks all have at least `size`. */
struct block *lists_find(size_t size)
{
    unsigned class, sub;
    unsigned log = 63 - (unsigned)__builtin_clzl(size);
    if (log >= CLASS_FIRST)
        size += (1ul << (log - SUB_LOG)) - 1;
    else
        size = 1ul << CLASS_FIRST;
    find_list(size, &class, &sub);
    if (class >= CLASSES)
        return NULL;
    uint32_t subs = sub_maps[class] & ~0u << sub;
    if (subs == 0) {
        uint32_t classes = class + 1 < 32 ? class_map & ~0u << (class + 1) : 0;
        if (classes == 0)
            return NULL;
        class = (unsigned)__builtin_ctz(classes);
        subs = sub_maps[class];
    }
    return lists[class][__builtin_ctz(subs)];
}

void heap_check(void)
{
    size_t listed = 0;
    for (unsigned class = 0; class < CLASSES; class++) {
        for (unsigned sub = 0; sub < SUBS; sub++) {
            assert(!lists[class][sub] == !(sub_maps[class] >> sub & 1));
            const struct block *prev = NULL;
            for (const struct block *b = lists[class][sub]; b; prev = b, b = b->next) {
                unsigned c, s;
                find_list(size_of(b), &c, &s);
                assert(c == class && s == sub && b->prev == prev);
                assert((b->word & ~FIRST & FLAGS) == FREE);
                assert((after(b)->word & FLAGS) == PREV_FREE);
                assert(*own_address(b) == b);
                listed += LARGE_BYTES(b);
            }
        }
        assert(!sub_maps[class] == !(class_map >> class & 1));
    }
    assert(listed == large_bytes);
}
