/* The engine's heap. */
#pragma once

#include "../include/kernel.h"

/* Starts the heap at a page address; it grows from there as long as the pages after it are free. */
void heap_init(uintptr_t start);
/* Bytes in use (with what the allocator itself adds) and free within what the heap has taken. */
void heap_figures(size_t *used, size_t *free);
/* Aborts if a block's bookkeeping is broken. For tests. */
void heap_check(void);
