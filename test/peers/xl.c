/*
 * Stands in for the hypervisor and the store under `xl -N`, which reads configurations and says
 * what they mean: a library for LD_PRELOAD that answers what xl asks before. The host is one that
 * has all kinds of guests, as the lab's.
 */
#include <string.h>
#include <xenctrl.h>
#include <xenstore.h>

static char handle[64];

struct xs_handle *xs_open(unsigned long flags) { return (void *)handle; }
void xs_close(struct xs_handle *xsh) {}

xc_interface *xc_interface_open(xentoollog_logger *log, xentoollog_logger *dombuild, unsigned flags)
{
    return (void *)handle;
}
int xc_interface_close(xc_interface *xch) { return 0; }

int xc_version(xc_interface *xch, int cmd, void *arg)
{
    switch (cmd) {
    case XENVER_version: return 4 << 16 | 17;
    case XENVER_pagesize: return 4096;
    default: if (arg) *(char *)arg = '\0'; return 0;
    }
}

int xc_get_max_cpus(xc_interface *xch) { return 2; }
int xc_get_max_nodes(xc_interface *xch) { return 1; }

int xc_physinfo(xc_interface *xch, xc_physinfo_t *info)
{
    memset(info, 0, sizeof *info);
    info->nr_cpus = 2;
    info->capabilities = XEN_SYSCTL_PHYSCAP_pv | XEN_SYSCTL_PHYSCAP_hvm | XEN_SYSCTL_PHYSCAP_hap |
                         XEN_SYSCTL_PHYSCAP_shadow;
    return 0;
}

long xc_sharing_freed_pages(xc_interface *xch) { return 0; }
long xc_sharing_used_frames(xc_interface *xch) { return 0; }
