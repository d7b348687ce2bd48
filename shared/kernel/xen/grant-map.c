/* Pages of other domains that they grant to us, mapped in the window. */

#include "../include/kernel.h"
#include "../memory/window.h"
#include "grants.h"
#include "xen.h"

/* Operations given to Xen at a time. */
#define BATCH 32

int grants_errno(int status)
{
    switch (status) {
    case GNTST_okay:
        return 0;
    case GNTST_bad_domain:
        return -ESRCH;
    case GNTST_permission_denied:
        return -EACCES;
    /* What Xen says of an entry that is no grant. */
    case GNTST_general_error:
    case GNTST_bad_gntref:
    case GNTST_bad_page:
    case GNTST_bad_copy_arg:
        return -EINVAL;
    case GNTST_eagain:
        return -EAGAIN;
    case GNTST_no_device_space:
    case GNTST_no_space:
        return -ENOSPC;
    default:
        return -EIO;
    }
}

static void unmap_some(uintptr_t at, size_t count)
{
    static struct gnttab_unmap_grant_ref ops[BATCH];
    for (size_t done = 0; done < count;) {
        unsigned batch = 0;
        for (; batch < BATCH && done < count; batch++, done++) {
            uintptr_t page = at + done * PAGE_SIZE;
            ops[batch] = (struct gnttab_unmap_grant_ref){
                .host_addr = page,
                .handle = *window_note(page),
            };
        }
        long result = xen_grant_op(GNTTABOP_unmap_grant_ref, ops, batch);
        for (unsigned i = 0; i < batch; i++) {
            if (result < 0 || ops[i].status != GNTST_okay)
                panic("a grant cannot be unmapped: error %ld, status %d", result, ops[i].status);
        }
    }
}

/* Maps one batch; how many were mapped is counted up, the value is the first error. */
static int map_batch(uintptr_t at, uint32_t owner, const uint32_t *grefs, unsigned count,
                     bool readonly, size_t *mapped)
{
    static struct gnttab_map_grant_ref ops[BATCH];
    for (unsigned i = 0; i < count; i++) {
        ops[i] = (struct gnttab_map_grant_ref){
            .host_addr = at + i * PAGE_SIZE,
            .flags = GNTMAP_host_map | (readonly ? GNTMAP_readonly : 0),
            .ref = grefs[i],
            .dom = (domid_t)owner,
        };
    }
    long result = xen_grant_op(GNTTABOP_map_grant_ref, ops, count);
    if (result < 0)
        return (int)result;
    int error = 0;
    for (unsigned i = 0; i < count; i++) {
        uintptr_t page = at + i * PAGE_SIZE;
        if (ops[i].status == GNTST_okay && error == 0) {
            *window_note(page) = ops[i].handle;
            ++*mapped;
        } else if (ops[i].status == GNTST_okay) {
            /* Behind one that failed: not part of the run that the caller will unmap. */
            *window_note(page) = ops[i].handle;
            unmap_some(page, 1);
        } else if (error == 0) {
            error = grants_errno(ops[i].status);
        }
    }
    return error;
}

int grants_map(uint32_t owner, const uint32_t *grefs, size_t count, bool readonly, void **at)
{
    if (!xen_shared)
        return -ENOSYS;
    if (count == 0)
        return -EINVAL;
    if (owner == kernel_domid())
        return loopback_map(grefs, count, readonly, at);
    uintptr_t start = window_take(count, readonly);
    if (start == 0)
        return -ENOMEM;
    size_t mapped = 0;
    int error = 0;
    while (mapped < count && error == 0) {
        size_t left = count - mapped;
        error = map_batch(start + mapped * PAGE_SIZE, owner, grefs + mapped,
                          left < BATCH ? (unsigned)left : BATCH, readonly, &mapped);
    }
    if (error < 0) {
        unmap_some(start, mapped);
        window_release(start, count);
        return error;
    }
    *at = (void *)start;
    return 0;
}

void grants_unmap(void *at, size_t count)
{
    uintptr_t start = (uintptr_t)at;
    if (!loopback_unmap(start, count))
        unmap_some(start, count);
    window_release(start, count);
}
