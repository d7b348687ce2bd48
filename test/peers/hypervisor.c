/*
 * Stands in for the hypervisor under a peer's xenstored, so that it runs on a machine without Xen:
 * with guests.c, one library for LD_PRELOAD that takes the place of what xenstored imports from
 * libxenctrl, libxenevtchn and libxengnttab. Domain 0 exists, with an empty ring; others come and
 * go by the socket that PEER_GUESTS names.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>
#include <xenctrl.h>
#include <xenevtchn.h>
#include <xengnttab.h>
#include "guests.h"

struct domain domains[DOMAINS];
static int events[2] = { -1, -1 }; /* ports that xenstored has not seen yet */
static uint32_t handled; /* of VIRQ_PORT; the guests' thread looks at it */
static char handle[64];

uint32_t virqs_handled(void)
{
    return __atomic_load_n(&handled, __ATOMIC_ACQUIRE);
}

void raise_port(uint32_t port)
{
    (void)!write(events[1], &port, sizeof port);
}

/* Where Xen's kernel interface tells of dom0's event channel and ring. The OCaml xenstored asks for
 * both under an empty path when /proc/xen is absent: first the port, then the page. */
static int kernel_file(const char *path)
{
    static int asked;
    bool kva = strstr(path, "xsd_kva") || (!*path && asked++ % 2);
    if (*path && !kva && !strstr(path, "xsd_port"))
        return -1;
    int fd = memfd_create("xen", 0);
    if (kva)
        (void)!ftruncate(fd, 4096);
    else
        (void)!write(fd, "1", 1);
    lseek(fd, 0, SEEK_SET);
    return fd;
}

#define OPEN(NAME)                                                            \
    int NAME(const char *path, int flags, ...)                                \
    {                                                                         \
        static int (*next)(const char *, int, ...);                           \
        va_list rest;                                                         \
        va_start(rest, flags);                                                \
        int mode = va_arg(rest, int);                                         \
        va_end(rest);                                                         \
        int fd = kernel_file(path);                                           \
        if (!next)                                                            \
            next = (int (*)(const char *, int, ...))dlsym(RTLD_NEXT, #NAME);  \
        return fd >= 0 ? fd : next(path, flags, mode);                        \
    }
OPEN(open)
OPEN(open64)

/* The OCaml xenstored insists on more descriptors than a container may allow. */
int setrlimit(__rlimit_resource_t what, const struct rlimit *to) { return 0; }

xc_interface *xc_interface_open(xentoollog_logger *a, xentoollog_logger *b, unsigned flags)
{
    return (void *)handle;
}
int xc_interface_close(xc_interface *xch) { return 0; }

int xc_domain_getinfo(xc_interface *xch, uint32_t first, unsigned max, xc_dominfo_t *info)
{
    for (uint32_t domid = first; max > 0 && domid < DOMAINS; domid++)
        if (domains[domid].exists) {
            memset(info, 0, sizeof *info);
            info->domid = domid;
            info->shutdown = domains[domid].shutdown;
            return 1;
        }
    return 0;
}

int xc_domain_getinfolist(xc_interface *xch, uint32_t first, unsigned max, xc_domaininfo_t *info)
{
    unsigned found = 0;
    for (uint32_t domid = first; found < max && domid < DOMAINS; domid++)
        if (domains[domid].exists) {
            memset(&info[found], 0, sizeof *info);
            info[found].domain = domid;
            info[found].flags = domains[domid].shutdown ? XEN_DOMINF_shutdown : 0;
            found++;
        }
    return found;
}

xenevtchn_handle *xenevtchn_open(xentoollog_logger *log, unsigned flags)
{
    if (events[0] < 0) {
        domains[0].exists = true;
        if (pipe2(events, O_CLOEXEC))
            abort();
        if (getenv("PEER_GUESTS"))
            start_guests(getenv("PEER_GUESTS"));
    }
    return (void *)handle;
}
int xenevtchn_close(xenevtchn_handle *xce) { return 0; }
int xenevtchn_fd(xenevtchn_handle *xce) { return events[0]; }

xenevtchn_port_or_error_t xenevtchn_pending(xenevtchn_handle *xce)
{
    uint32_t port;
    return read(events[0], &port, sizeof port) == sizeof port ? (int)port : -1;
}

xenevtchn_port_or_error_t
xenevtchn_bind_interdomain(xenevtchn_handle *xce, uint32_t domid, evtchn_port_t port)
{
    return FIRST_PORT + domid;
}

xenevtchn_port_or_error_t xenevtchn_bind_virq(xenevtchn_handle *xce, unsigned virq)
{
    return VIRQ_PORT;
}
int xenevtchn_unbind(xenevtchn_handle *xce, evtchn_port_t port) { return 0; }
int xenevtchn_notify(xenevtchn_handle *xce, evtchn_port_t port)
{
    wake_guests();
    return 0;
}

/* Both peers do it once they have done what the event asks for. */
int xenevtchn_unmask(xenevtchn_handle *xce, evtchn_port_t port)
{
    if (port == VIRQ_PORT) {
        __atomic_add_fetch(&handled, 1, __ATOMIC_RELEASE);
        wake_guests();
    }
    return 0;
}

xengnttab_handle *xengnttab_open(xentoollog_logger *log, unsigned flags) { return (void *)handle; }
int xengnttab_close(xengnttab_handle *xgt) { return 0; }
int xengnttab_set_max_grants(xengnttab_handle *xgt, uint32_t max) { return 0; }

void *xengnttab_map_grant_ref(xengnttab_handle *xgt, uint32_t domid, uint32_t ref, int prot)
{
    if (domid >= DOMAINS || !domains[domid].exists) {
        errno = EINVAL;
        return NULL;
    }
    if (!domains[domid].page)
        domains[domid].page =
            mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    memset(domains[domid].page, 0, sizeof *domains[domid].page);
    return domains[domid].page;
}

/* The page stays: the guest's side may still be looking at it. */
int xengnttab_unmap(xengnttab_handle *xgt, void *start, uint32_t count) { return 0; }
