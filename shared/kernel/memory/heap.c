/*
 * The engine's heap: two-level segregated fit (Masmano et al., "TLSF: a new dynamic memory
 * allocator for real-time systems", 2004). Allocating and freeing take constant time, neighbours
 * merge at once, and a used block costs 8 bytes.
 *
 * A block is a word `size | flags` and `size` bytes. A free block keeps the links of its list in
 * its bytes, and its own address in their last word, where the block after it finds it.
 */

#include "heap.h"

#include <stdbool.h>
#include <string.h>

#include "../include/kernel.h"
#include "heap-lists.h"
#include "pages.h"

/* The heap grows by this many pages, or by what a larger block needs. */
#define GROW_PAGES 16
/*
 * What is kept back when memory runs out. The request that finds less is refused and opens the
 * reserve: telling of the refusal needs memory too.
 */
#define RESERVE (96ul << 10)

static uintptr_t heap_start, heap_end; /* the extent that grows in place */
static size_t used_bytes;
static bool reserve_open;

/* Makes a free block whole with its free neighbours. */
static struct block *merged(struct block *b)
{
    if (b->word & PREV_FREE) {
        struct block *before = *(struct block **)((uintptr_t)b - HEADER);
        lists_remove(before);
        before->word += HEADER + size_of(b);
        b = before;
    }
    struct block *next = after(b);
    if (next->word & FREE) {
        lists_remove(next);
        b->word += HEADER + size_of(next);
    }
    return b;
}

/* Returns the pages of a free block that nothing is behind. false: the block is gone with them. */
static bool give_back(struct block *b)
{
    uintptr_t at = (uintptr_t)b, end = (uintptr_t)after(b) + HEADER;
    if (size_of(after(b)) != 0)
        return true;
    if (b->word & FIRST) {
        pages_free((void *)(at - HEADER), (end - at + HEADER) / PAGE_SIZE);
        return false;
    }
    /* The extent that grows keeps what it would grow by, lest it grows and shrinks all the time. */
    uintptr_t new_end = (at / PAGE_SIZE + 2 + GROW_PAGES) * PAGE_SIZE;
    if (end != heap_end || new_end + GROW_PAGES * PAGE_SIZE > end)
        return true;
    b->word = (new_end - at - 2 * HEADER) | (b->word & FLAGS);
    after(b)->word = 0;
    pages_free((void *)new_end, (end - new_end) / PAGE_SIZE);
    heap_end = new_end;
    return true;
}

/* Cuts what is more than `size` off a block that is in no list, and frees it. */
static void trim(struct block *b, size_t size)
{
    size_t rest = size_of(b) - size;
    if (rest < HEADER + SIZE_MIN)
        return;
    b->word = size | (b->word & FLAGS);
    struct block *cut = after(b);
    cut->word = rest - HEADER;
    lists_insert(merged(cut));
}

void heap_init(uintptr_t start)
{
    lists_clear();
    used_bytes = 0;
    reserve_open = false;
    heap_start = heap_end = start;
}

/*
 * A free block over new pages. The first header of an extent is its second word, and its last word
 * is a header without bytes, that of the extent's end.
 */
static struct block *extent(uintptr_t start, uintptr_t end)
{
    struct block *b = (struct block *)(start + HEADER);
    b->word = end - start - 3 * HEADER;
    after(b)->word = 0;
    return b;
}

/* A free block of at least `size` over pages that nobody has, or NULL. */
static struct block *grow(size_t size)
{
    size_t pages = (size + 3 * HEADER + PAGE_SIZE - 1) / PAGE_SIZE;
    if (pages < GROW_PAGES && pages_claim(heap_end, GROW_PAGES))
        pages = GROW_PAGES;
    else if (!pages_claim(heap_end, pages)) {
        uintptr_t start = (uintptr_t)pages_alloc(pages);
        if (start == 0)
            return NULL;
        struct block *first = extent(start, start + pages * PAGE_SIZE);
        first->word |= FIRST;
        return first;
    }
    uintptr_t old_end = heap_end;
    heap_end += pages * PAGE_SIZE;
    if (old_end == heap_start)
        return extent(old_end, heap_end);
    /* What ended the extent so far becomes the header of the new pages. */
    struct block *b = (struct block *)(old_end - HEADER);
    b->word = (heap_end - old_end - HEADER) | (b->word & PREV_FREE);
    after(b)->word = 0;
    return merged(b);
}

/* Whether `size` can be had without touching the reserve, or the reserve is open. */
static bool may_take(size_t size)
{
    size_t left = lists_large_bytes() + pages_free_count() * PAGE_SIZE;
    if (reserve_open && left > 2 * RESERVE)
        reserve_open = false;
    if (reserve_open || left >= size + RESERVE)
        return true;
    reserve_open = true;
    return false;
}

static size_t rounded(size_t size)
{
    return size <= SIZE_MIN ? SIZE_MIN : ((size + 7) & ~15ul) + 8;
}

void *heap_alloc(size_t size)
{
    if (size > SIZE_LIMIT)
        return NULL;
    size = rounded(size);
    if (!may_take(size))
        return NULL;
    struct block *b = lists_find(size);
    if (b)
        lists_remove(b);
    else if (!(b = grow(size)))
        return NULL;
    trim(b, size);
    used_bytes += HEADER + size_of(b);
    return (char *)b + HEADER;
}

void *heap_pages(size_t count)
{
    if (count > SIZE_LIMIT / PAGE_SIZE || !may_take(count * PAGE_SIZE))
        return NULL;
    return pages_alloc(count);
}

void heap_release(void *bytes)
{
    if (!bytes)
        return;
    struct block *b = block_of(bytes);
    assert(!(b->word & FREE));
    used_bytes -= HEADER + size_of(b);
    b = merged(b);
    if (give_back(b))
        lists_insert(b);
}

size_t heap_usable(const void *bytes)
{
    return bytes ? size_of(block_of(bytes)) : 0;
}

void *heap_realloc(void *old, size_t size)
{
    if (!old)
        return heap_alloc(size);
    if (size > SIZE_LIMIT)
        return NULL;
    struct block *b = block_of(old);
    assert(!(b->word & FREE));
    size_t had = size_of(b);
    size = rounded(size);
    struct block *next = after(b);
    if (size > had && (next->word & FREE) && had + HEADER + size_of(next) >= size) {
        if (!may_take(size - had))
            return NULL;
        lists_remove(next);
        b->word += HEADER + size_of(next);
    }
    if (size <= size_of(b)) {
        trim(b, size);
        used_bytes += size_of(b) - had;
        return old;
    }
    void *new = heap_alloc(size);
    if (!new)
        return NULL;
    memcpy(new, old, had);
    heap_release(old);
    return new;
}

void heap_figures(size_t *used, size_t *free)
{
    *used = used_bytes;
    *free = lists_large_bytes();
}
