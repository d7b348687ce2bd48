/*
 * Whole pages of RAM: a bitmap over all of it. Regions come from the top, the heap from the bottom.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Takes over RAM in [0, end); `map` has a bit a page, all set, and lies in pages that stay taken.
 */
void pages_init(uintptr_t base, size_t count, uint64_t *map);
/* Makes pages free for the first time. */
void pages_give(uintptr_t start, size_t count);
/* Takes these very pages; false if one of them is taken. They are not zeroed. */
bool pages_claim(uintptr_t start, size_t count);
size_t pages_free_count(void);

void *pages_alloc(size_t count);
void pages_free(void *start, size_t count);
