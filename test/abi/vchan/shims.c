/*
 * What libxenvchan calls of Xen's other libraries (shims.h says what stands for Xen). Each process
 * is one domain with one vchan.
 */

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <xenevtchn.h>
#include <xengnttab.h>
#include <xenstore.h>

#include "shims.h"

#define PAGE 4096
#define THE_HANDLE ((void *)1)
#define THE_PORT 7

/* The first page that this process may offer. */
extern unsigned first_own_page;

static struct {
    uint8_t *byte;
} notice;

static int raise_event(void)
{
    return write(EVENT_FD, "e", 1) == 1 ? 0 : -1;
}

xenevtchn_handle *xenevtchn_open(struct xentoollog_logger *logger, unsigned int flags)
{
    return THE_HANDLE;
}

int xenevtchn_close(xenevtchn_handle *handle)
{
    return 0;
}

int xenevtchn_fd(xenevtchn_handle *handle)
{
    return EVENT_FD;
}

xenevtchn_port_or_error_t xenevtchn_bind_unbound_port(xenevtchn_handle *handle, uint32_t domid)
{
    return THE_PORT;
}

xenevtchn_port_or_error_t xenevtchn_bind_interdomain(xenevtchn_handle *handle, uint32_t domid,
                                                     evtchn_port_t remote_port)
{
    return THE_PORT;
}

int xenevtchn_unbind(xenevtchn_handle *handle, evtchn_port_t port)
{
    return 0;
}

int xenevtchn_unmask(xenevtchn_handle *handle, evtchn_port_t port)
{
    return 0;
}

int xenevtchn_notify(xenevtchn_handle *handle, evtchn_port_t port)
{
    return raise_event();
}

/* Waits for an event; all that are pending are one. */
xenevtchn_port_or_error_t xenevtchn_pending(xenevtchn_handle *handle)
{
    char bytes[256];
    return read(EVENT_FD, bytes, sizeof bytes) > 0 ? THE_PORT : -1;
}

static void *map_pages(unsigned page, unsigned count, int prot)
{
    void *at = mmap(NULL, (size_t)count * PAGE, prot, MAP_SHARED, PAGES_FD, (off_t)page * PAGE);
    return at == MAP_FAILED ? NULL : at;
}

xengntshr_handle *xengntshr_open(struct xentoollog_logger *logger, unsigned open_flags)
{
    return THE_HANDLE;
}

int xengntshr_close(xengntshr_handle *handle)
{
    return 0;
}

void *xengntshr_share_pages(xengntshr_handle *handle, uint32_t domid, int count, uint32_t *refs,
                            int writable)
{
    unsigned first = first_own_page;
    first_own_page += (unsigned)count;
    for (int i = 0; i < count; i++)
        refs[i] = FIRST_REFERENCE + first + (unsigned)i;
    return map_pages(first, (unsigned)count, PROT_READ | PROT_WRITE);
}

static void *with_notice(void *page, uint32_t offset)
{
    notice.byte = page == NULL ? NULL : (uint8_t *)page + offset;
    return page;
}

void *xengntshr_share_page_notify(xengntshr_handle *handle, uint32_t domid, uint32_t *ref,
                                  int writable, uint32_t notify_offset, evtchn_port_t notify_port)
{
    return with_notice(xengntshr_share_pages(handle, domid, 1, ref, writable), notify_offset);
}

/* As the kernel does: the byte, then the event. */
static int unmap_pages(void *start, uint32_t count)
{
    if (notice.byte != NULL && (uint8_t *)start <= notice.byte &&
        notice.byte < (uint8_t *)start + PAGE) {
        *notice.byte = 0;
        notice.byte = NULL;
        raise_event();
    }
    return munmap(start, (size_t)count * PAGE);
}

int xengntshr_unshare(xengntshr_handle *handle, void *start, uint32_t count)
{
    return unmap_pages(start, count);
}

xengnttab_handle *xengnttab_open(struct xentoollog_logger *logger, unsigned open_flags)
{
    return THE_HANDLE;
}

int xengnttab_close(xengnttab_handle *handle)
{
    return 0;
}

void *xengnttab_map_domain_grant_refs(xengnttab_handle *handle, uint32_t count, uint32_t domid,
                                      uint32_t *refs, int prot)
{
    for (uint32_t i = 0; i < count; i++)
        if (refs[i] != refs[0] + i)
            return NULL;
    return map_pages(refs[0] - FIRST_REFERENCE, count, prot);
}

void *xengnttab_map_grant_ref_notify(xengnttab_handle *handle, uint32_t domid, uint32_t ref,
                                     int prot, uint32_t notify_offset, evtchn_port_t notify_port)
{
    return with_notice(map_pages(ref - FIRST_REFERENCE, 1, prot), notify_offset);
}

int xengnttab_unmap(xengnttab_handle *handle, void *start, uint32_t count)
{
    return unmap_pages(start, count);
}

struct xs_handle *xs_open(unsigned long flags)
{
    return THE_HANDLE;
}

void xs_close(struct xs_handle *handle)
{
}

void *xs_read(struct xs_handle *handle, xs_transaction_t transaction, const char *path,
              unsigned int *len)
{
    if (strcmp(path, "domid") == 0)
        return strdup("0");
    int fd = open(path, O_RDONLY);
    if (fd < 0)
        return NULL;
    char *text = calloc(1, 64);
    ssize_t size = read(fd, text, 63);
    close(fd);
    if (size < 0) {
        free(text);
        return NULL;
    }
    if (len != NULL)
        *len = (unsigned)size;
    return text;
}

bool xs_write(struct xs_handle *handle, xs_transaction_t transaction, const char *path,
              const void *data, unsigned int len)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    bool done = fd >= 0 && write(fd, data, len) == (ssize_t)len;
    if (fd >= 0)
        close(fd);
    return done;
}

bool xs_rm(struct xs_handle *handle, xs_transaction_t transaction, const char *path)
{
    return true;
}

bool xs_set_permissions(struct xs_handle *handle, xs_transaction_t transaction, const char *path,
                        struct xs_permissions *perms, unsigned int count)
{
    return true;
}

xs_transaction_t xs_transaction_start(struct xs_handle *handle)
{
    return 1;
}

bool xs_transaction_end(struct xs_handle *handle, xs_transaction_t transaction, bool abort)
{
    return true;
}
