/* Hands memory out at the start: what is RAM, what is taken, and where frames of others appear. */

#include "memory.h"

#include "../include/kernel.h"
#include "../include/layout.h"
#include "../memory/bitmap.h"
#include "../memory/heap.h"
#include "../memory/pages.h"
#include "../memory/paging.h"
#include "../memory/window.h"

/* Below it are the local APIC, Xen's special pages and firmware of every builder. */
#define WINDOW_FIRST (4ul << 30)

static uint64_t total;

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static uint64_t page_after(uint64_t address)
{
    return (address + PAGE_SIZE - 1) & -PAGE_SIZE;
}

/* Gives out a range of RAM without the image, the modules and the first page. */
static void give(uint64_t start, uint64_t end, uint64_t map_end)
{
    if (start < PAGE_SIZE)
        start = PAGE_SIZE;
    struct range taken[1 + MODULES_MAX] = { { (uintptr_t)image_start, map_end } };
    const struct module *modules;
    size_t count = kernel_modules(&modules);
    for (size_t i = 0; i < count; i++) {
        uintptr_t at = (uintptr_t)modules[i].bytes;
        taken[i + 1] = (struct range){ at & -PAGE_SIZE, page_after(at + modules[i].size) };
    }
    while (start < end) {
        /* The first taken range that is not behind `start`. */
        struct range next = { end, end };
        for (size_t i = 0; i <= count; i++) {
            if (taken[i].end > start && taken[i].start < next.start)
                next = taken[i];
        }
        if (next.start > start)
            pages_give(start, (least(next.start, end) - start) / PAGE_SIZE);
        start = next.end;
    }
}

void memory_init(const struct boot_info *info)
{
    uint64_t ram_end = 0;
    for (size_t i = 0; i < info->ram_count; i++) {
        uint64_t end = least(info->ram[i].end, RAM_MAX);
        if (info->ram[i].start < end) {
            total += end - info->ram[i].start;
            ram_end = end > ram_end ? end : ram_end;
        }
    }
    uint64_t needed = (uint64_t)service.memory_kib << 10;
    /* Builders count what a domain has beside RAM differently: a few pages do not matter. */
    if (total + 64 * PAGE_SIZE < needed)
        panic("too little memory: needed %lu KiB, given %lu KiB", needed >> 10, total >> 10);

    size_t pages = ram_end / PAGE_SIZE;
    uint64_t *map = (uint64_t *)image_end;
    uint64_t map_end = page_after((uintptr_t)image_end + BITMAP_WORDS(pages) * sizeof *map);
    if (map_end + 64 * PAGE_SIZE > ram_end)
        panic("too little memory: the image ends at %lx, RAM at %lx", map_end, ram_end);
    pages_init(0, pages, map);
    for (size_t i = 0; i < info->ram_count; i++)
        give(info->ram[i].start, least(info->ram[i].end, RAM_MAX), map_end);
    paging_init(ram_end);
    heap_init(map_end);
    window_init(boot_info_hole(info, WINDOW_FIRST, WINDOW_PAGES * PAGE_SIZE));
}

void memory_figures(struct memory_figures *figures)
{
    size_t used, free;
    heap_figures(&used, &free);
    *figures = (struct memory_figures){
        .total = total,
        .heap_used = used,
        .heap_free = free,
        .pages_free = pages_free_count() * PAGE_SIZE,
    };
}

void kernel_free_program(void)
{
    size_t size = (uintptr_t)program_pages_end - (uintptr_t)program_start;
    if (size > 0)
        pages_give((uintptr_t)program_start, size / PAGE_SIZE);
}
