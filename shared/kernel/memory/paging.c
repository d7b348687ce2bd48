/* Page tables: everything one to one, each page with the rights of what lies there. */

#include "paging.h"

#include "../cpu/cpu.h"
#include "../include/kernel.h"
#include "../include/layout.h"

#define PRESENT 1ull
#define LARGE (1ull << 7)
/* Accessed and dirty from the start: the processor need not write the tables. */
#define TOUCHED (3ull << 5)
#define ADDRESS_MASK 0x000ffffffffff000ull
#define LARGE_SIZE (2ul << 20)
#define ENTRIES 512

static uint64_t *root;

/* The table that an entry leads to; made if there is none and `make` is set. */
static uint64_t *descend(uint64_t *entry, bool make)
{
    if (*entry & PRESENT) {
        assert(!(*entry & LARGE));
        return (uint64_t *)(*entry & ADDRESS_MASK);
    }
    if (!make)
        return NULL;
    uint64_t *table = pages_alloc(1);
    if (table)
        *entry = (uintptr_t)table | PRESENT | PAGE_WRITE | TOUCHED;
    return table;
}

static unsigned index_at(uintptr_t address, unsigned level)
{
    return address >> (PAGE_SHIFT + 9 * level) & (ENTRIES - 1);
}

/* The entry for `address` at a level (0: a page, 1: 2 MiB), or NULL. */
static uint64_t *entry_for(uintptr_t address, unsigned level, bool make)
{
    uint64_t *table = root;
    for (unsigned at = 3; at > level; at--) {
        table = descend(&table[index_at(address, at)], make);
        if (!table)
            return NULL;
    }
    return &table[index_at(address, level)];
}

bool paging_map_frame(uintptr_t at, uintptr_t frame, uint64_t rights)
{
    uint64_t *entry = entry_for(at, 0, true);
    if (!entry)
        return false;
    bool was = *entry & PRESENT;
    *entry = frame | rights | PRESENT | TOUCHED;
    if (was)
        invlpg(at);
    return true;
}

bool paging_map(uintptr_t at, size_t count, uint64_t rights)
{
    for (size_t i = 0; i < count; i++) {
        if (paging_map_frame(at + i * PAGE_SIZE, at + i * PAGE_SIZE, rights))
            continue;
        paging_unmap(at, i);
        return false;
    }
    return true;
}

void paging_unmap(uintptr_t at, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        uintptr_t page = at + i * PAGE_SIZE;
        uint64_t *entry = entry_for(page, 0, false);
        assert(entry);
        *entry = 0;
        invlpg(page);
    }
}

static uintptr_t address_of(const char *symbol)
{
    return (uintptr_t)symbol;
}

static void map_part(const char *from, const char *to, uint64_t rights)
{
    size_t count = (address_of(to) - address_of(from)) / PAGE_SIZE;
    if (!paging_map(address_of(from), count, rights))
        panic("no memory for page tables");
}

void paging_init(uintptr_t ram_end)
{
    root = pages_alloc(1);
    if (!root)
        panic("no memory for page tables");
    const uint64_t data = PAGE_WRITE | PAGE_NO_EXECUTE;
    uintptr_t image_to = (address_of(image_end) + LARGE_SIZE - 1) & ~(LARGE_SIZE - 1);
    for (uintptr_t at = image_to; at < ram_end; at += LARGE_SIZE) {
        uint64_t *entry = entry_for(at, 1, true);
        if (!entry)
            panic("no memory for page tables");
        *entry = at | data | PRESENT | LARGE | TOUCHED;
    }
    /* Not the first page: a null pointer faults. */
    if (!paging_map(PAGE_SIZE, address_of(image_start) / PAGE_SIZE - 1, data))
        panic("no memory for page tables");
    map_part(image_start, image_rodata, 0);
    map_part(image_rodata, image_data, PAGE_NO_EXECUTE);
    map_part(image_data, stack_guard, data);
    map_part(stack_bottom, trap_stacks_top, data);
    uintptr_t behind = address_of(image_end);
    if (!paging_map(behind, (image_to - behind) / PAGE_SIZE, data))
        panic("no memory for page tables");
    write_cr3((uintptr_t)root);
}
