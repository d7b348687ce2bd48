/* Addresses behind all RAM, where frames of others appear. */

#include "window.h"

#include "../include/kernel.h"
#include "bitmap.h"
#include "paging.h"

#define CHUNK 1024

static uintptr_t base;
static uint64_t taken[BITMAP_WORDS(WINDOW_PAGES)];
/* Made when an address of theirs is taken for the first time. */
static uint32_t *notes[WINDOW_PAGES / CHUNK];

void window_init(uintptr_t start)
{
    base = start;
}

static size_t index_of(uintptr_t at, size_t count)
{
    assert(at >= base && at % PAGE_SIZE == 0);
    size_t index = (at - base) / PAGE_SIZE;
    assert(index <= WINDOW_PAGES && count <= WINDOW_PAGES - index);
    return index;
}

static bool make_notes(size_t index, size_t count)
{
    for (size_t i = index / CHUNK; i <= (index + count - 1) / CHUNK; i++) {
        if (!notes[i] && !(notes[i] = pages_alloc(CHUNK * sizeof **notes / PAGE_SIZE)))
            return false;
    }
    return true;
}

uintptr_t window_take(size_t count, bool readonly)
{
    size_t index = bitmap_find_clear(taken, WINDOW_PAGES, count);
    if (index == BITMAP_NONE || !make_notes(index, count))
        return 0;
    uintptr_t at = base + index * PAGE_SIZE;
    if (!paging_map(at, count, PAGE_NO_EXECUTE | (readonly ? 0 : PAGE_WRITE)))
        return 0;
    bitmap_fill(taken, index, count, true);
    return at;
}

void window_release(uintptr_t at, size_t count)
{
    size_t index = index_of(at, count);
    for (size_t i = index; i < index + count; i++)
        assert(bitmap_test(taken, i));
    bitmap_fill(taken, index, count, false);
    paging_unmap(at, count);
}

uint32_t *window_note(uintptr_t at)
{
    size_t index = index_of(at, 1);
    assert(bitmap_test(taken, index));
    return &notes[index / CHUNK][index % CHUNK];
}

bool window_has_note(uint32_t value)
{
    for (size_t index = 0; index < WINDOW_PAGES; index++) {
        if (bitmap_test(taken, index) && notes[index / CHUNK][index % CHUNK] == value)
            return true;
    }
    return false;
}
