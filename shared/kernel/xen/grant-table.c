/* Our grant table: pages of ours that other domains may map (grant_table.h @ RELEASE-4.17.0). */

#include <string.h>

#include "../include/kernel.h"
#include "../memory/heap.h"
#include "../memory/window.h"
#include "grants.h"
#include "xen.h"

#define ENTRIES_PER_FRAME (PAGE_SIZE / sizeof(struct grant_entry_v1))
#define FRAMES_MAX 64
#define NO_ENTRY UINT32_MAX

static struct grant_entry_v1 *frames[FRAMES_MAX];
static uint32_t frame_count;
/* Unused entries form a list by their `frame`, which nobody reads while the flags are 0. */
static uint32_t first_free = NO_ENTRY;

/* Pages that a peer still mapped when their offer ended. */
struct leftover {
    struct leftover *next;
    uint32_t gref;
    void *page;
};
static struct leftover *leftovers;

struct grant_entry_v1 *grants_entry(uint32_t gref)
{
    if (gref / ENTRIES_PER_FRAME >= frame_count)
        return NULL;
    return &frames[gref / ENTRIES_PER_FRAME][gref % ENTRIES_PER_FRAME];
}

static void put_back(uint32_t gref)
{
    grants_entry(gref)->frame = first_free;
    first_free = gref;
}

/* One more frame of entries. Xen refuses above the limit that the domain was created with. */
static bool add_frame(void)
{
    uintptr_t at = frame_count < FRAMES_MAX ? window_take(1, false) : 0;
    if (at == 0)
        return false;
    if (xen_add_to_physmap(XENMAPSPACE_grant_table, frame_count, at) < 0) {
        window_release(at, 1);
        return false;
    }
    uint32_t start = frame_count * ENTRIES_PER_FRAME;
    frames[frame_count++] = (struct grant_entry_v1 *)at;
    for (uint32_t gref = start + ENTRIES_PER_FRAME; gref-- > start;) {
        if (gref >= GNTTAB_NR_RESERVED_ENTRIES)
            put_back(gref);
    }
    return true;
}

void grants_init(void)
{
    if (!add_frame())
        panic("cannot map the grant table");
}

static uint32_t take_entry(void)
{
    if (first_free == NO_ENTRY && !add_frame())
        return NO_ENTRY;
    uint32_t gref = first_free;
    first_free = grants_entry(gref)->frame;
    return gref;
}

int grants_offer(uint32_t remote, size_t count, bool readonly, uint32_t *grefs, void **at)
{
    if (!xen_shared)
        return -ENOSYS;
    grants_settle();
    char *pages = heap_pages(count);
    if (!pages)
        return -ENOMEM;
    for (size_t i = 0; i < count; i++) {
        grefs[i] = take_entry();
        if (grefs[i] == NO_ENTRY) {
            grants_revoke(pages, grefs, i);
            pages_free(pages + i * PAGE_SIZE, count - i);
            return -ENOSPC;
        }
        struct grant_entry_v1 *entry = grants_entry(grefs[i]);
        entry->domid = (domid_t)remote;
        entry->frame = (uint32_t)((uintptr_t)pages / PAGE_SIZE + i);
        uint16_t flags = GTF_permit_access | (readonly ? GTF_readonly : 0);
        __atomic_store_n(&entry->flags, flags, __ATOMIC_RELEASE);
    }
    *at = pages;
    return 0;
}

/* Ends an entry unless its page is in use. */
static bool end_entry(uint32_t gref)
{
    struct grant_entry_v1 *entry = grants_entry(gref);
    uint16_t flags = __atomic_load_n(&entry->flags, __ATOMIC_SEQ_CST);
    do {
        if (flags & (GTF_reading | GTF_writing))
            return false;
    } while (!__atomic_compare_exchange_n(&entry->flags, &flags, 0, false, __ATOMIC_SEQ_CST,
                                          __ATOMIC_SEQ_CST));
    put_back(gref);
    return true;
}

void grants_revoke(void *at, const uint32_t *grefs, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        void *page = (char *)at + i * PAGE_SIZE;
        if (end_entry(grefs[i])) {
            pages_free(page, 1);
            continue;
        }
        struct leftover *left = heap_alloc(sizeof *left);
        /*
         * Without memory to remember it by, the page stays the peer's for good: safe, if wasteful.
         */
        if (!left)
            continue;
        *left = (struct leftover){ leftovers, grefs[i], page };
        leftovers = left;
    }
}

void grants_settle(void)
{
    for (struct leftover **link = &leftovers; *link;) {
        struct leftover *left = *link;
        if (!end_entry(left->gref)) {
            link = &left->next;
            continue;
        }
        *link = left->next;
        pages_free(left->page, 1);
        heap_release(left);
    }
}
