/*
 * Whole pages of RAM: a bitmap over all of it. Regions come from the top, the heap from the bottom.
 */

#include "pages.h"

#include <string.h>

#include "../include/kernel.h"
#include "bitmap.h"

static uintptr_t base;
static size_t pages_total, free_now;
static uint64_t *taken;

void pages_init(uintptr_t start, size_t count, uint64_t *map)
{
    base = start;
    pages_total = count;
    free_now = 0;
    taken = map;
    memset(taken, 0xff, BITMAP_WORDS(count) * sizeof *taken);
}

static size_t index_of(uintptr_t start, size_t count)
{
    assert(start % PAGE_SIZE == 0 && start >= base);
    size_t index = (start - base) / PAGE_SIZE;
    assert(index <= pages_total && count <= pages_total - index);
    return index;
}

void pages_give(uintptr_t start, size_t count)
{
    size_t index = index_of(start, count);
    for (size_t i = index; i < index + count; i++)
        assert(bitmap_test(taken, i));
    bitmap_fill(taken, index, count, false);
    free_now += count;
}

bool pages_claim(uintptr_t start, size_t count)
{
    if (start < base || (start - base) / PAGE_SIZE >= pages_total)
        return false;
    size_t index = (start - base) / PAGE_SIZE;
    if (count > pages_total - index || !bitmap_is_clear(taken, index, count))
        return false;
    bitmap_fill(taken, index, count, true);
    free_now -= count;
    return true;
}

size_t pages_free_count(void)
{
    return free_now;
}

void *pages_alloc(size_t count)
{
    if (count == 0 || count > free_now)
        return NULL;
    size_t index = bitmap_find_clear(taken, pages_total, count);
    if (index == BITMAP_NONE)
        return NULL;
    bitmap_fill(taken, index, count, true);
    free_now -= count;
    void *start = (void *)(base + index * PAGE_SIZE);
    memset(start, 0, count * PAGE_SIZE);
    return start;
}

void pages_free(void *start, size_t count)
{
    pages_give((uintptr_t)start, count);
}
