/*
 * Stands in for the hypervisor under a peer's xenstored, so that it runs on a machine without Xen, and
 * plays the guests' side of their rings, so that a test can be a guest by speaking bytes on a socket.
 *
 * Loaded with LD_PRELOAD; it takes the place of what xenstored imports from libxenctrl, libxenevtchn
 * and libxengnttab. The socket named by PEER_GUESTS takes one line for each connection:
 *
 *   exist N      the hypervisor knows domain N from now on
 *   shutdown N   domain N has shut down: VIRQ_DOM_EXC
 *   die N        domain N is gone: VIRQ_DOM_EXC
 *   ring N       from the next byte on this is domain N's ring, both ways
 *
 * and answers each with "ok\n". Domain 0 exists, with an empty ring.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <xenctrl.h>
#include <xenevtchn.h>
#include <xengnttab.h>
#include <xen/io/xs_wire.h>

#define DOMAINS 4096
#define CLIENTS 64
#define VIRQ_PORT 2
#define FIRST_PORT 1000

struct domain {
    bool exists, shutdown;
    struct xenstore_domain_interface *page;
};

struct client {
    int fd;
    int domid; /* -1 before its line is complete */
    char line[64];
    size_t used;
};

static struct domain domains[DOMAINS];
static struct client clients[CLIENTS];
static int events[2] = { -1, -1 }; /* ports that xenstored has not seen yet */
static int wake[2] = { -1, -1 };   /* xenstored touched a ring */
static int listener = -1;
static char handle[64];

static void raise_port(uint32_t port)
{
    (void)!write(events[1], &port, sizeof port);
}

static void *page(void)
{
    return mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
}

static void drop(struct client *c)
{
    close(c->fd);
    c->fd = -1;
}

/* Whether the guest's request ring has room. */
static bool has_room(const struct client *c)
{
    const volatile struct xenstore_domain_interface *p = domains[c->domid].page;
    return p && p->req_prod - p->req_cons < XENSTORE_RING_SIZE;
}

/* Bytes of the test into the guest's request ring. */
static void feed(struct client *c)
{
    struct xenstore_domain_interface *p = domains[c->domid].page;
    char buffer[XENSTORE_RING_SIZE];
    uint32_t prod = p->req_prod;
    uint32_t room = XENSTORE_RING_SIZE - (prod - __atomic_load_n(&p->req_cons, __ATOMIC_ACQUIRE));
    ssize_t got = read(c->fd, buffer, room);
    if (got <= 0) {
        drop(c);
        return;
    }
    for (ssize_t i = 0; i < got; i++)
        p->req[MASK_XENSTORE_IDX(prod + i)] = buffer[i];
    __atomic_store_n(&p->req_prod, prod + got, __ATOMIC_RELEASE);
    raise_port(FIRST_PORT + c->domid);
}

/* Bytes of the guest's response ring to the test. */
static void drain(struct client *c)
{
    struct xenstore_domain_interface *p = domains[c->domid].page;
    uint32_t cons, prod;

    while (p && c->fd >= 0) {
        cons = p->rsp_cons;
        prod = __atomic_load_n(&p->rsp_prod, __ATOMIC_ACQUIRE);
        if (prod == cons)
            return;
        uint32_t at = MASK_XENSTORE_IDX(cons), len = prod - cons;
        if (len > XENSTORE_RING_SIZE - at)
            len = XENSTORE_RING_SIZE - at;
        if (write(c->fd, p->rsp + at, len) != (ssize_t)len) {
            drop(c);
            return;
        }
        __atomic_store_n(&p->rsp_cons, cons + len, __ATOMIC_RELEASE);
        raise_port(FIRST_PORT + c->domid);
    }
}

static void command(struct client *c)
{
    char verb[16];
    int domid;

    if (sscanf(c->line, "%15s %d", verb, &domid) != 2 || domid < 1 || domid >= DOMAINS) {
        drop(c);
        return;
    }
    struct domain *d = &domains[domid];
    if (!strcmp(verb, "exist")) {
        d->exists = true;
        d->shutdown = false;
    } else if (!strcmp(verb, "shutdown"))
        d->shutdown = true;
    else if (!strcmp(verb, "die"))
        d->exists = false;
    else if (!strcmp(verb, "ring"))
        c->domid = domid;
    if (!strcmp(verb, "shutdown") || !strcmp(verb, "die"))
        raise_port(VIRQ_PORT);
    c->used = 0;
    (void)!write(c->fd, "ok\n", 3);
}

/* One byte at a time: what follows the line is the ring's. */
static void listen_to(struct client *c)
{
    char byte;
    if (read(c->fd, &byte, 1) != 1)
        drop(c);
    else if (byte == '\n') {
        c->line[c->used] = 0;
        command(c);
    } else if (c->used + 1 < sizeof c->line)
        c->line[c->used++] = byte;
    else
        drop(c);
}

static void welcome(void)
{
    int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    for (int i = 0; fd >= 0 && i < CLIENTS; i++)
        if (clients[i].fd < 0) {
            clients[i] = (struct client){ .fd = fd, .domid = -1 };
            return;
        }
    if (fd >= 0)
        close(fd);
}

static void *play_guests(void *unused)
{
    for (;;) {
        struct pollfd fds[CLIENTS + 2] = { { listener, POLLIN, 0 }, { wake[0], POLLIN, 0 } };
        for (int i = 0; i < CLIENTS; i++) {
            struct client *c = &clients[i];
            bool wants = c->fd >= 0 && (c->domid < 0 || has_room(c));
            fds[i + 2] = (struct pollfd){ c->fd, wants ? POLLIN : 0, 0 };
        }
        if (poll(fds, CLIENTS + 2, -1) < 0)
            continue;
        if (fds[1].revents) {
            char seen[256];
            (void)!read(wake[0], seen, sizeof seen);
        }
        for (int i = 0; i < CLIENTS; i++) {
            struct client *c = &clients[i];
            if (c->fd < 0)
                continue;
            if (c->domid >= 0)
                drain(c);
            if (c->fd < 0 || !(fds[i + 2].revents & (POLLIN | POLLHUP | POLLERR)))
                continue;
            if (c->domid < 0)
                listen_to(c);
            else if (has_room(c))
                feed(c);
        }
        if (fds[0].revents)
            welcome();
    }
    return unused;
}

static void start(void)
{
    const char *path = getenv("PEER_GUESTS");
    struct sockaddr_un to = { .sun_family = AF_UNIX };
    pthread_t thread;

    domains[0].exists = true;
    if (pipe2(events, O_CLOEXEC) || pipe2(wake, O_CLOEXEC | O_NONBLOCK) || !path)
        return;
    for (int i = 0; i < CLIENTS; i++)
        clients[i].fd = -1;
    snprintf(to.sun_path, sizeof to.sun_path, "%s", path);
    unlink(path);
    listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind(listener, (void *)&to, sizeof to) || listen(listener, 16))
        abort();
    pthread_create(&thread, NULL, play_guests, NULL);
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
    if (events[0] < 0)
        start();
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
    (void)!write(wake[1], "", 1);
    return 0;
}
int xenevtchn_unmask(xenevtchn_handle *xce, evtchn_port_t port) { return 0; }

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
        domains[domid].page = page();
    memset(domains[domid].page, 0, sizeof *domains[domid].page);
    return domains[domid].page;
}

/* The page stays: the guest's side may still be looking at it. */
int xengnttab_unmap(xengnttab_handle *xgt, void *start, uint32_t count) { return 0; }
