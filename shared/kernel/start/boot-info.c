/* What the domain builder tells us at the entry (arch-x86/hvm/start_info.h @ RELEASE-4.17.0). */

#include "boot-info.h"

#include <string.h>

#include "../include/kernel.h"
#include "../xen/xen.h"
#include <xen/arch-x86/hvm/start_info.h>

#define COMMAND_LINE_MAX 1024
/* An address of the builder must be one that is mapped at the entry. */
#define GIB (1ul << 30)
#define REACH GIB
#define E820_RAM 1
/* Nothing of a PVH domain is further up; more would be a mistake that overflows. */
#define ADDRESS_MAX (1ull << 46)

static char command_line[COMMAND_LINE_MAX];
static struct module modules[MODULES_MAX];
static size_t module_count;

/* An entry of XENMEM_memory_map: BIOS's E820 entry, packed. */
struct __attribute__((packed)) e820_entry {
    uint64_t start, size;
    uint32_t type;
};

const char *kernel_command_line(void)
{
    return command_line;
}

size_t kernel_modules(const struct module **list)
{
    *list = modules;
    return module_count;
}

static bool reachable(uint64_t address, uint64_t size)
{
    return address != 0 && address < REACH && size < REACH - address;
}

static void copy_text(char *to, size_t room, uint64_t from)
{
    if (reachable(from, room)) {
        strncpy(to, (const char *)from, room - 1);
        to[room - 1] = '\0';
    }
}

static void add_range(struct boot_info *info, uint64_t start, uint64_t size, uint32_t type)
{
    if (start >= ADDRESS_MAX || size > ADDRESS_MAX - start)
        return;
    uint64_t end = start + size;
    if (type != E820_RAM) {
        if (info->other_count < RANGES_MAX)
            info->other[info->other_count++] = (struct range){ start, end };
        return;
    }
    uint64_t first = (start + PAGE_SIZE - 1) & -PAGE_SIZE;
    uint64_t last = end & -PAGE_SIZE;
    if (first < last && info->ram_count < RANGES_MAX)
        info->ram[info->ram_count++] = (struct range){ first, last };
}

static const char *read_memory_map(const struct hvm_start_info *start, struct boot_info *info)
{
    bool given = start->version >= 1 && start->memmap_entries > 0;
    if (given) {
        uint64_t size = sizeof(struct hvm_memmap_table_entry) * (uint64_t)start->memmap_entries;
        if (!reachable(start->memmap_paddr, size))
            return "the memory map is out of reach";
        for (uint32_t i = 0; i < start->memmap_entries; i++) {
            struct hvm_memmap_table_entry entry;
            memcpy(&entry, (const void *)(start->memmap_paddr + i * sizeof entry), sizeof entry);
            add_range(info, entry.addr, entry.size, entry.type);
        }
    } else {
        /* init-xenstore-domain tells it to the hypervisor alone. */
        static struct e820_entry entries[64];
        long count = xen_memory_map(entries, sizeof entries / sizeof *entries);
        for (long i = 0; i < count; i++)
            add_range(info, entries[i].start, entries[i].size, entries[i].type);
    }
    return info->ram_count > 0 ? NULL : "the memory map has no RAM";
}

static const char *read_modules(const struct hvm_start_info *start)
{
    if (start->nr_modules == 0)
        return NULL;
    uint64_t size = sizeof(struct hvm_modlist_entry) * (uint64_t)start->nr_modules;
    if (!reachable(start->modlist_paddr, size))
        return "the list of modules is out of reach";
    for (uint32_t i = 0; i < start->nr_modules && module_count < MODULES_MAX; i++) {
        struct hvm_modlist_entry entry;
        memcpy(&entry, (const void *)(start->modlist_paddr + i * sizeof entry), sizeof entry);
        if (entry.size == 0 || !reachable(entry.paddr, entry.size))
            continue;
        struct module *module = &modules[module_count++];
        module->bytes = (const uint8_t *)entry.paddr;
        module->size = entry.size;
        copy_text(module->name, sizeof module->name, entry.cmdline_paddr);
    }
    return NULL;
}

const char *boot_info_read(const void *at, struct boot_info *info)
{
    struct hvm_start_info start = { 0 };
    memset(info, 0, sizeof *info);
    module_count = 0;
    command_line[0] = '\0';
    if (reachable((uintptr_t)at, sizeof start))
        memcpy(&start, at, sizeof start);
    if (start.magic != XEN_HVM_START_MAGIC_VALUE)
        return "this is no PVH start info";
    copy_text(command_line, sizeof command_line, start.cmdline_paddr);
    const char *wrong = read_modules(&start);
    return wrong ? wrong : read_memory_map(&start, info);
}

void boot_info_limit(struct boot_info *info, uint64_t pages)
{
    for (size_t i = 0; i < info->ram_count; i++) {
        struct range *range = &info->ram[i];
        uint64_t have = (range->end - range->start) / PAGE_SIZE;
        if (have > pages)
            range->end = range->start + pages * PAGE_SIZE;
        pages -= have < pages ? have : pages;
    }
}

/* The end of a range that overlaps [start, end), or 0. */
static uint64_t obstacle(const struct range *ranges, size_t count, uint64_t start, uint64_t end)
{
    for (size_t i = 0; i < count; i++) {
        if (ranges[i].start < end && ranges[i].end > start)
            return ranges[i].end;
    }
    return 0;
}

uint64_t boot_info_hole(const struct boot_info *info, uint64_t start, uint64_t size)
{
    for (;;) {
        start = (start + GIB - 1) & -GIB;
        uint64_t behind = obstacle(info->ram, info->ram_count, start, start + size);
        if (behind == 0)
            behind = obstacle(info->other, info->other_count, start, start + size);
        if (behind == 0)
            return start;
        start = behind;
    }
}
