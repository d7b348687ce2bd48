/*
 * Stands in for the hypervisor and the store under Xen's own xl, for LD_PRELOAD, so that `xl -N`
 * says on a machine without Xen what it makes of a configuration: it asks for nothing but the size
 * of the machine.
 */
#include <string.h>
#include <xenctrl.h>
#include <xenstore.h>

/* libxl passes these about and never looks inside. */
static char handle[64];

xc_interface *xc_interface_open(xentoollog_logger *a, xentoollog_logger *b, unsigned flags)
{
    return (void *)handle;
}
int xc_interface_close(xc_interface *xch) { return 0; }

struct xs_handle *xs_open(unsigned long flags) { return (void *)handle; }
void xs_close(struct xs_handle *xsh) {}

int xc_physinfo(xc_interface *xch, xc_physinfo_t *info)
{
    memset(info, 0, sizeof *info);
    info->nr_cpus = info->threads_per_core = info->cores_per_socket = 1;
    info->total_pages = info->free_pages = 1 << 20;
    return 0;
}

int xc_version(xc_interface *xch, int what, void *answer) { return -1; }
long xc_sharing_freed_pages(xc_interface *xch) { return 0; }
long xc_sharing_used_frames(xc_interface *xch) { return 0; }
long xc_memory_op(xc_interface *xch, unsigned what, void *arg, size_t len) { return 0; }

int xc_maximum_ram_page(xc_interface *xch, unsigned long *max_mfn)
{
    *max_mfn = 1 << 20;
    return 0;
}
