/* The engine's heap. */
#pragma once

#include "../include/kernel.h"

/* Starts the heap at a page address; it grows from there as long as the pages after it are free. */
void heap_init(uintptr_t start);
/*
 * Free blocks smaller than this are no room: a table that grows finds none among them. (A store
 * that was filled had 384 KiB free, and nowhere 4 KiB of them together.)
 */
#define HEAP_LARGE (64ul << 10)
/* Bytes in use (with what the allocator itself adds), and free in large blocks. */
void heap_figures(size_t *used, size_t *free);
/* Aborts if a block's bookkeeping is broken. For tests. */
void heap_check(void);
