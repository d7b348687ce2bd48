/*
 * From the entry to the engine: each part of the kernel in the order in which they need each other.
 */

#include <string.h>

#include "../cpu/random.h"
#include "../cpu/trap.h"
#include "../include/kernel.h"
#include "../xen/console.h"
#include "../xen/events.h"
#include "../xen/grants.h"
#include "../xen/xen.h"
#include "boot-info.h"
#include "memory.h"

/* Pages of HVM domains for Xen's own use, which a reservation counts and a memory map does not. */
#define SPECIAL_PAGES 8

/* The engine's part: runs the service. Comes back when it has nothing more to do. */
void engine_run(void);

/* A builder may map more in the memory map than it has populated: what a balloon would fill. */
static void limit_to_reservation(struct boot_info *info)
{
    uint64_t pages = 0;
    for (size_t i = 0; i < info->ram_count; i++)
        pages += (info->ram[i].end - info->ram[i].start) / PAGE_SIZE;
    long reservation = xen_current_reservation();
    if (reservation > SPECIAL_PAGES && (uint64_t)reservation < pages)
        boot_info_limit(info, (uint64_t)reservation - SPECIAL_PAGES);
}

/* Whether a word of the command line is this one. */
static bool has_word(const char *word)
{
    size_t size = strlen(word);
    const char *at = kernel_command_line();
    for (; (at = strstr(at, word)) != NULL; at += size) {
        bool starts = at == kernel_command_line() || at[-1] == ' ';
        if (starts && (at[size] == ' ' || at[size] == '\0'))
            return true;
    }
    return false;
}

void start(const void *start_info);
void start(const void *start_info)
{
    static struct boot_info info;
    trap_init();
    bool xen = xen_detect();
    const char *wrong = boot_info_read(start_info, &info);
    if (wrong)
        panic("%s", wrong);
    if (xen)
        limit_to_reservation(&info);
    memory_init(&info);
    if (xen) {
        xen_init();
        events_init();
        grants_init();
        console_init(has_word("console=log"));
    }
    random_init();
    engine_run();
    kernel_shutdown(SHUTDOWN_AS_POWEROFF);
}
