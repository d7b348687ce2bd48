/* The engine's heap. */
#pragma once

#include "../include/kernel.h"

/* Starts the heap at a page address; it grows from there as long as the pages after it are free. */
void heap_init(uintptr_t start);
/* Smaller free blocks count as no room: a table that grows finds no place among them. */
#define HEAP_LARGE (64ul << 10)
/* Bytes in use (with what the allocator itself adds), and free in large blocks. */
void heap_figures(size_t *used, size_t *free);
/* Aborts if a block's bookkeeping is broken. For tests. */
void heap_check(void);
