/*
 * Frames and resources of domains that we control, mapped in the window (memory.h @
 * RELEASE-4.17.0).
 */

#include "../include/kernel.h"
#include "../memory/window.h"
#include "xen.h"

#define BATCH 64

/* Maps one batch; the value is the first error. On an error some may be mapped. */
static int map_batch(uint32_t domid, uintptr_t at, const uint64_t *gfns, unsigned count)
{
    static xen_pfn_t places[BATCH];
    static xen_ulong_t frames[BATCH];
    static int errors[BATCH];
    for (unsigned i = 0; i < count; i++) {
        places[i] = at / PAGE_SIZE + i;
        frames[i] = gfns[i];
        errors[i] = -EINVAL;
    }
    struct xen_add_to_physmap_batch op = {
        .domid = DOMID_SELF,
        .space = XENMAPSPACE_gmfn_foreign,
        .size = (uint16_t)count,
        .u.foreign_domid = (domid_t)domid,
    };
    set_xen_guest_handle_raw(op.idxs, frames);
    set_xen_guest_handle_raw(op.gpfns, places);
    set_xen_guest_handle_raw(op.errs, errors);
    long result = xen_memory_op(XENMEM_add_to_physmap_batch, &op);
    if (result < 0)
        return (int)result;
    for (unsigned i = 0; i < count; i++) {
        if (errors[i] < 0)
            return errors[i];
    }
    return 0;
}

int foreign_map(uint32_t domid, const uint64_t *gfns, size_t count, void **at)
{
    if (!xen_shared)
        return -ENOSYS;
    if (count == 0)
        return -EINVAL;
    uintptr_t start = window_take(count, false);
    if (start == 0)
        return -ENOMEM;
    for (size_t done = 0; done < count;) {
        unsigned batch = count - done < BATCH ? (unsigned)(count - done) : BATCH;
        int error = map_batch(domid, start + done * PAGE_SIZE, gfns + done, batch);
        done += batch;
        if (error < 0) {
            foreign_unmap((void *)start, count);
            return error;
        }
    }
    *at = (void *)start;
    return 0;
}

int foreign_map_resource(uint32_t domid, uint32_t type, uint32_t id, uint64_t frame, size_t count,
                         void **at)
{
    static xen_pfn_t places[BATCH];
    if (!xen_shared)
        return -ENOSYS;
    if (count == 0 || count > BATCH)
        return -EINVAL;
    uintptr_t start = window_take(count, false);
    if (start == 0)
        return -ENOMEM;
    for (size_t i = 0; i < count; i++)
        places[i] = start / PAGE_SIZE + i;
    struct xen_mem_acquire_resource op = {
        .domid = (domid_t)domid,
        .type = (uint16_t)type,
        .id = id,
        .nr_frames = (uint32_t)count,
        .frame = frame,
    };
    set_xen_guest_handle_raw(op.frame_list, places);
    long result = xen_memory_op(XENMEM_acquire_resource, &op);
    if (result < 0) {
        foreign_unmap((void *)start, count);
        return (int)result;
    }
    *at = (void *)start;
    return 0;
}

void foreign_unmap(void *at, size_t count)
{
    for (size_t i = 0; i < count; i++)
        xen_remove_from_physmap((uintptr_t)at + i * PAGE_SIZE);
    window_release((uintptr_t)at, count);
}
