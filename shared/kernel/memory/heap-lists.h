/* Blocks of the heap, and the lists of the free ones by size. */
#pragma once

#include <stddef.h>
#include <stdint.h>

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

static inline size_t size_of(const struct block *b)
{
    return b->word & ~FLAGS;
}

static inline struct block *after(const struct block *b)
{
    return (struct block *)((uintptr_t)b + HEADER + size_of(b));
}

static inline struct block **own_address(const struct block *b)
{
    return (struct block **)((uintptr_t)b + size_of(b));
}

static inline struct block *block_of(const void *bytes)
{
    return (struct block *)((uintptr_t)bytes - HEADER);
}

/* Empties all lists. */
void lists_clear(void);
void lists_insert(struct block *b);
void lists_remove(struct block *b);
/* A free block of at least `size`, or NULL. */
struct block *lists_find(size_t size);
/* The sizes of all large free blocks together. */
size_t lists_large_bytes(void);
