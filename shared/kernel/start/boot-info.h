/* What the domain builder tells us at the entry, as a copy of our own. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RANGES_MAX 32
#define MODULES_MAX 4

struct range {
    uint64_t start, end; /* bytes; whole pages */
};

struct boot_info {
    struct range ram[RANGES_MAX];
    size_t ram_count;
    /* Where anything else is. */
    struct range other[RANGES_MAX];
    size_t other_count;
};

/*
 * Copies what lies at `start`, an address from the builder; Xen is asked for the memory map if that
 * has none. Says what is wrong with it, or NULL.
 */
const char *boot_info_read(const void *start, struct boot_info *info);

/* Cuts RAM off at `pages` in all, from the top: a builder may promise more than it gave. */
void boot_info_limit(struct boot_info *info, uint64_t pages);

/* The first multiple of a GiB from `start` on with `size` bytes that are nobody's. */
uint64_t boot_info_hole(const struct boot_info *info, uint64_t start, uint64_t size);
