/* Runs of bits in an array of words: which pages or slots are taken. */

#include "bitmap.h"

void bitmap_fill(uint64_t *map, size_t from, size_t count, bool value)
{
    for (size_t bit = from; bit < from + count; bit++) {
        uint64_t mask = 1ull << (bit % 64);
        if (value)
            map[bit / 64] |= mask;
        else
            map[bit / 64] &= ~mask;
    }
}

bool bitmap_is_clear(const uint64_t *map, size_t from, size_t count)
{
    for (size_t bit = from; bit < from + count; bit++) {
        if (bitmap_test(map, bit))
            return false;
    }
    return true;
}

size_t bitmap_find_clear(const uint64_t *map, size_t end, size_t count)
{
    size_t run = 0;
    if (count == 0)
        return BITMAP_NONE;
    for (size_t bit = end; bit > 0;) {
        /* A full word is skipped whole. */
        if (bit % 64 == 0 && map[bit / 64 - 1] == UINT64_MAX) {
            bit -= 64;
            run = 0;
            continue;
        }
        bit--;
        run = bitmap_test(map, bit) ? 0 : run + 1;
        if (run == count)
            return bit;
    }
    return BITMAP_NONE;
}
