/* Page tables: everything one to one, each page with the rights of what lies there. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PAGE_WRITE (1ull << 1)
#define PAGE_NO_EXECUTE (1ull << 63)

/* The most RAM that is used. */
#define RAM_MAX (1ul << 30)

/* Replaces the entry's map by one of the image's parts and of RAM below `ram_end`. */
void paging_init(uintptr_t ram_end);
/* Maps pages to the frames of the same number. false: no memory for page tables. */
bool paging_map(uintptr_t at, size_t count, uint64_t rights);
/* Maps one page to another frame. */
bool paging_map_frame(uintptr_t at, uintptr_t frame, uint64_t rights);
/* Touching these pages is a fault from now on. */
void paging_unmap(uintptr_t at, size_t count);
