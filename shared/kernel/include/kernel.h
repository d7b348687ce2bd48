/*
 * What the kernel gives to the engine's host functions: the whole contract between the two.
 *
 * One vCPU, one address space, no interrupts but while it sleeps: no call here needs a lock. Memory
 * is mapped one to one: an address is a guest physical address too. Calls that can fail for a
 * reason outside return 0 (or a number that is not negative) or a negative errno of Xen's
 * (xen/errno.h).
 */
#pragma once

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PAGE_SIZE 4096ul
#define PAGE_SHIFT 12

/* The service that is linked in; the linking tool makes these. */
struct service {
    const char *name;
    const char *manifest; /* JSON */
    const char *config;   /* what was compiled in with --config, or "" */
    uint32_t memory_kib;  /* what the domain must have at least */
    const uint8_t *positions, *positions_end; /* see positions.h */
};
extern const struct service service;
/* The service's bytecode. Its pages are gone after kernel_free_program. */
extern const uint8_t program_start[], program_end[];
void kernel_free_program(void);

/* Whether Xen runs us (or a bare machine, which is for tests of what needs no Xen). */
bool kernel_has_xen(void);
uint32_t kernel_domid(void);
const char *kernel_command_line(void);

struct module {
    const uint8_t *bytes;
    size_t size;
    char name[64]; /* its own command line, cut off */
};
size_t kernel_modules(const struct module **modules);

/* ---- console ---- */

/* One line. Never blocks; what does not fit in the ring is dropped, and how much is said later. */
void console_line(const char *text, size_t size);
/* printf into a line of at most 511 bytes. */
void console_printf(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* ---- time ---- */

/* Nanoseconds of the hypervisor's system time; monotonic. */
uint64_t clock_now(void);
/* Nanoseconds since 1970-01-01 UTC. */
uint64_t clock_wall(void);
/* Sleeps until an event is pending or clock_now() reaches `deadline`; UINT64_MAX is never. */
void clock_sleep(uint64_t deadline);

/* ---- random ---- */

void random_bytes(void *into, size_t size);

/* ---- the end ---- */

enum shutdown_reason {
    SHUTDOWN_AS_POWEROFF = 0,
    SHUTDOWN_AS_REBOOT = 1,
    SHUTDOWN_AS_CRASH = 3,
    SHUTDOWN_AS_WATCHDOG = 4,
};
/* Ends the domain; what the console has still to print is given a moment. */
void kernel_shutdown(enum shutdown_reason reason) __attribute__((noreturn));
/* Says why on every console there is and ends the domain as crashed. */
void panic(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));

/* ---- memory ---- */

/* The engine's heap. 16-byte alignment; NULL when there is no room. */
void *heap_alloc(size_t size);
void *heap_realloc(void *old, size_t size);
void heap_release(void *block);
size_t heap_usable(const void *block);
/* As pages_alloc, for a service: it finds no room where a block of that size would find none. */
void *heap_pages(size_t count);

struct memory_figures {
    uint64_t total, heap_used, heap_free, pages_free; /* bytes */
};
void memory_figures(struct memory_figures *figures);

/* Zeroed pages in a row, or NULL. */
void *pages_alloc(size_t count);
void pages_free(void *start, size_t count);

/* Frames of another domain, mapped in the order given, all or none. `*at` is where. */
int foreign_map(uint32_t domid, const uint64_t *gfns, size_t count, void **at);
/* Frames of a resource of another domain (XENMEM_acquire_resource). */
int foreign_map_resource(uint32_t domid, uint32_t type, uint32_t id, uint64_t frame, size_t count,
                         void **at);
void foreign_unmap(void *at, size_t count);

/* A parameter of the domain (hvm/params.h), which its builder has set; 0 where it has not. */
int64_t domain_parameter(uint32_t index);
/* The page whose frame such a parameter names, which is not of our memory: -ENOENT for none. */
int domain_page(uint32_t index, void **at);

/* ---- event channels ---- */

/* The most ports that the two-level interface has. */
#define EVENTS_MAX 4096

int events_alloc_unbound(uint32_t remote);
int events_bind_interdomain(uint32_t remote, uint32_t remote_port);
int events_bind_virq(uint32_t virq);
/* Takes over a port that the domain was created with. */
int events_adopt(uint32_t port);
int events_close(uint32_t port);
void events_notify(uint32_t port);
/* With the next sleep, at the latest: an entry of Xen less. */
void events_notify_later(uint32_t port);
/* Now: for who does not sleep yet. */
void events_send_owed(void);
/* Lets a port deliver again. A port that was taken is masked. */
void events_unmask(uint32_t port);
/* Takes pending ports, masking each; how many. Call again while it fills `ports`. */
size_t events_take(uint32_t *ports, size_t max);

/* ---- grants ---- */

/* Offers zeroed pages; one reference a page is written to `grefs`. */
int grants_offer(uint32_t remote, size_t count, bool readonly, uint32_t *grefs, void **at);
/* Ends an offer. Pages that the peer still maps are freed when it lets go. */
void grants_revoke(void *at, const uint32_t *grefs, size_t count);
/* Maps pages that `owner` offered, all or none. */
int grants_map(uint32_t owner, const uint32_t *grefs, size_t count, bool readonly, void **at);
void grants_unmap(void *at, size_t count);
/* Retries what was revoked while a peer still used it. */
void grants_settle(void);

/* ---- everything else ---- */

/* Any other hypercall; pointers among the arguments are plain addresses. -ENOSYS without Xen. */
long kernel_hypercall(uint32_t number, uint64_t a, uint64_t b, uint64_t c, uint64_t d);

#define assert(condition)                                                                        \
    ((condition) ? (void)0                                                                       \
                 : panic("%s:%d: assertion failed: %s", __FILE_NAME__, __LINE__, #condition))
