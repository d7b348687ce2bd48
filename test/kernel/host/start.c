/* What a builder tells at the start: any bytes at all are a refusal or an answer within bounds. */

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "../../../shared/kernel/start/boot-info.h"
#include "../../../shared/kernel/xen/xen.h"
#include "support.h"
#include <xen/arch-x86/hvm/start_info.h>

#define LOW 0x10000ul
#define GIB (1ul << 30)
#define SPACE (1ul << 20)
#define MODULES (LOW + 2 * SPACE)

/* The hypervisor's own map: noise as well. */
long xen_memory_map(void *map, unsigned max)
{
    uint8_t *bytes = map;
    for (unsigned i = 0; i < max * 20; i++)
        bytes[i] = (uint8_t)draw(256);
    return (long)draw(max + 1) - 1;
}

static uint64_t some_address(void)
{
    switch (draw(4)) {
    case 0:
        return LOW | draw(0xffffffff);
    case 1:
        return (uint64_t)draw(0xffffffff) << 32 | LOW | draw(0xffffffff);
    case 2:
        return GIB - draw(64);
    default:
        return LOW + draw(SPACE);
    }
}

static void check(const struct boot_info *info)
{
    CHECK(info->ram_count > 0 && info->ram_count <= RANGES_MAX && info->other_count <= RANGES_MAX);
    for (size_t i = 0; i < info->ram_count; i++)
        CHECK(info->ram[i].start < info->ram[i].end && info->ram[i].end % PAGE_SIZE == 0);
    const struct module *modules;
    size_t count = kernel_modules(&modules);
    CHECK(count <= MODULES_MAX && strlen(kernel_command_line()) < 1024);
    for (size_t i = 0; i < count; i++) {
        CHECK((uintptr_t)modules[i].bytes + modules[i].size <= GIB);
        CHECK(memchr(modules[i].name, 0, sizeof modules[i].name));
    }
    uint64_t hole = boot_info_hole(info, GIB, 1 << 26);
    for (size_t i = 0; i < info->ram_count; i++)
        CHECK(info->ram[i].start >= hole + (1 << 26) || info->ram[i].end <= hole);
}

static bool one(void)
{
    static struct boot_info info;
    /* Nothing is below LOW here, as it is in a domain: addresses of modules are above. */
    struct hvm_modlist_entry *modules = (void *)MODULES;
    for (unsigned i = 0; i < 8; i++) {
        modules[i] = (struct hvm_modlist_entry){
            .paddr = some_address(), .size = some_address(), .cmdline_paddr = some_address() };
    }
    struct hvm_start_info *start = (void *)(LOW + draw(128));
    struct hvm_start_info words;
    words = (struct hvm_start_info){
        .magic = draw(50) == 0 ? draw(0xffffffff) : XEN_HVM_START_MAGIC_VALUE,
        .version = draw(3),
        .nr_modules = draw(2) ? draw(4) : draw(0xffffffff),
        .modlist_paddr = draw(2) ? MODULES : GIB - draw(64),
        .cmdline_paddr = some_address(),
        .memmap_paddr = draw(4) ? LOW + 256 + draw(1024) : some_address(),
        .memmap_entries = draw(4) ? draw(40) : draw(0xffffffff),
    };
    memcpy(start, &words, sizeof words);
    if (words.memmap_paddr < LOW + SPACE && words.memmap_paddr >= LOW + 256) {
        for (unsigned i = 0; i < 4; i++) {
            struct hvm_memmap_table_entry entry = {
                .addr = some_address(), .size = some_address(), .type = draw(3) };
            memcpy((char *)words.memmap_paddr + i * sizeof entry, &entry, sizeof entry);
        }
    }
    if (boot_info_read(start, &info) != NULL)
        return false;
    check(&info);
    uint64_t pages = draw(100000);
    boot_info_limit(&info, pages);
    for (size_t i = 0; i < info.ram_count; i++)
        pages -= (info.ram[i].end - info.ram[i].start) / PAGE_SIZE;
    CHECK(pages <= 100000);
    return true;
}

int main(int argc, char **argv)
{
    int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE;
    CHECK(mmap((void *)LOW, GIB - LOW, PROT_READ | PROT_WRITE, flags, -1, 0) == (void *)LOW);
    unsigned accepted = 0;
    for (int i = 1; i < argc; i++) {
        seed(strtoull(argv[i], NULL, 10));
        for (int round = 0; round < 1000; round++)
            accepted += one();
    }
    CHECK(accepted > 0);
    return 0;
}
