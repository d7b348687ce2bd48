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
#include "pages.h"

struct block {
    size_t word;
    struct block *next, *prev; /* only in a free block */
};

#define FREE 1ul
#define PREV_FREE 2ul
/* The first block of an extent that does not grow: given back whole when it is free whole. */
#define FIRST 4ul
#define FLAGS 7ul
#define HEADER sizeof(size_t)
/* Sizes are 8 modulo 16, so that bytes after the header lie on 16. */
#define SIZE_MIN 24ul
#define SIZE_LIMIT (1ul << 31)

#define SUB_LOG 4
#define SUBS (1u << SUB_LOG)
#define CLASS_FIRST 5 /* sizes up to 2^6 - 1 */
#define CLASSES (32 - CLASS_FIRST)

/* The heap grows by this many pages, or by what a larger block needs. */
#define GROW_PAGES 16
/*
 * What is kept back when memory runs out. The request that finds less is refused and opens the
 * reserve: telling of the refusal needs memory too.
 */
#define RESERVE (96ul << 10)

static struct block *lists[CLASSES][SUBS];
static uint32_t class_map, sub_maps[CLASSES];
static uintptr_t heap_start, heap_end; /* the extent that grows in place */
static size_t used_bytes, free_bytes;
static bool reserve_open;

static size_t size_of(const struct block *b)
{
    return b->word & ~FLAGS;
}

static struct block *after(const struct block *b)
{
    return (struct block *)((uintptr_t)b + HEADER + size_of(b));
}

static struct block **own_address(const struct block *b)
{
    return (struct block **)((uintptr_t)b + size_of(b));
}

static struct block *block_of(const void *bytes)
{
    return (struct block *)((uintptr_t)bytes - HEADER);
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

static void insert(struct block *b)
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
    free_bytes += size_of(b);
}

static void take_out(struct block *b)
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
    free_bytes -= size_of(b);
}

/* Any block of the first list whose blocks all have at least `size`. */
static struct block *find_block(size_t size)
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

/* Makes a free block whole with its free neighbours. */
static struct block *merged(struct block *b)
{
    if (b->word & PREV_FREE) {
        struct block *before = *(struct block **)((uintptr_t)b - HEADER);
        take_out(before);
        before->word += HEADER + size_of(b);
        b = before;
    }
    struct block *next = after(b);
    if (next->word & FREE) {
        take_out(next);
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
    insert(merged(cut));
}

void heap_init(uintptr_t start)
{
    memset(lists, 0, sizeof lists);
    memset(sub_maps, 0, sizeof sub_maps);
    class_map = 0;
    used_bytes = free_bytes = 0;
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
    size_t left = free_bytes + pages_free_count() * PAGE_SIZE;
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
    struct block *b = find_block(size);
    if (b)
        take_out(b);
    else if (!(b = grow(size)))
        return NULL;
    trim(b, size);
    used_bytes += HEADER + size_of(b);
    return (char *)b + HEADER;
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
        insert(b);
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
        take_out(next);
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
    *free = free_bytes;
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
                listed += size_of(b);
            }
        }
        assert(!sub_maps[class] == !(class_map >> class & 1));
    }
    assert(listed == free_bytes);
}
