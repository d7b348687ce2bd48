/* Runs of bits in an array of words: which pages or slots are taken. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BITMAP_WORDS(bits) (((bits) + 63) / 64)
#define BITMAP_NONE SIZE_MAX

static inline bool bitmap_test(const uint64_t *map, size_t bit)
{
    return map[bit / 64] >> (bit % 64) & 1;
}

/* Sets or clears `count` bits from `from` on. */
void bitmap_fill(uint64_t *map, size_t from, size_t count, bool value);
/* Whether all `count` bits from `from` on are clear. */
bool bitmap_is_clear(const uint64_t *map, size_t from, size_t count);
/* The start of the highest run of `count` clear bits below `end`, or BITMAP_NONE. */
size_t bitmap_find_clear(const uint64_t *map, size_t end, size_t count);
