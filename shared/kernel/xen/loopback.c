/*
 * Grants from ourselves to ourselves, without Xen: it would take the page away from its first
 * address, since a frame of a domain's own has one place in its memory (p2m_add_page @
 * RELEASE-4.17.0). Our page tables can show it at two.
 */

#include "../include/kernel.h"
#include "../memory/paging.h"
#include "../memory/window.h"
#include "grants.h"
#include "xen.h"

/* The note of such a page: its reference with this bit. Xen's handles never have it. */
#define OURS 0x80000000u

static int check(uint32_t gref, bool readonly)
{
    const struct grant_entry_v1 *entry = grants_entry(gref);
    if (!entry || (entry->flags & GTF_type_mask) != GTF_permit_access)
        return -EINVAL;
    if (entry->domid != kernel_domid())
        return -EACCES;
    return entry->flags & GTF_readonly && !readonly ? -EACCES : 0;
}

int loopback_map(const uint32_t *grefs, size_t count, bool readonly, void **at)
{
    for (size_t i = 0; i < count; i++) {
        int error = check(grefs[i], readonly);
        if (error < 0)
            return error;
    }
    uintptr_t start = window_take(count, readonly);
    if (start == 0)
        return -ENOMEM;
    for (size_t i = 0; i < count; i++) {
        struct grant_entry_v1 *entry = grants_entry(grefs[i]);
        uintptr_t page = start + i * PAGE_SIZE;
        /* The tables for this address exist: the window made them. */
        paging_map_frame(page, entry->frame * PAGE_SIZE,
                         PAGE_NO_EXECUTE | (readonly ? 0 : PAGE_WRITE));
        *window_note(page) = grefs[i] | OURS;
        /* As Xen would say: the page is in use, its offer cannot end. */
        __atomic_or_fetch(&entry->flags, GTF_reading, __ATOMIC_SEQ_CST);
    }
    *at = (void *)start;
    return 0;
}

bool loopback_unmap(uintptr_t at, size_t count)
{
    if (!(*window_note(at) & OURS))
        return false;
    for (size_t i = 0; i < count; i++) {
        uint32_t *note = window_note(at + i * PAGE_SIZE);
        uint32_t was = *note;
        *note = 0;
        if (!window_has_note(was)) {
            struct grant_entry_v1 *entry = grants_entry(was & ~OURS);
            __atomic_and_fetch(&entry->flags, (uint16_t)~GTF_reading, __ATOMIC_SEQ_CST);
        }
    }
    return true;
}
