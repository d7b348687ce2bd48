/* What the stand-in for the hypervisor (hypervisor.c) and its guests (guests.c) share. */
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <xen/io/xs_wire.h>

#define DOMAINS 4096
#define VIRQ_PORT 2
#define FIRST_PORT 1000

struct domain {
    bool exists, shutdown;
    struct xenstore_domain_interface *page; /* once it was mapped */
};

extern struct domain domains[DOMAINS];

/* How often xenstored has dealt with VIRQ_PORT so far. */
uint32_t virqs_handled(void);

/* An event for xenstored: the port of a domain (FIRST_PORT + domid) or VIRQ_PORT. */
void raise_port(uint32_t port);

/* Listens on a socket and plays the guests on a thread of its own. */
void start_guests(const char *path);

/* xenstored touched a ring: the guests look at theirs. */
void wake_guests(void);
