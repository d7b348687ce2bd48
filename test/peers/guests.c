/*
 * Plays the guests' side of their rings, so that a test can be a guest by speaking bytes on a
 * socket. It takes one line for each connection, and answers it with "ok\n":
 *
 *   exist N      the hypervisor knows domain N from now on
 *   shutdown N   domain N has shut down: VIRQ_DOM_EXC, and answered once xenstored has seen to it
 *   die N        domain N is gone: the same
 *   ring N       from the next byte on this is domain N's ring, both ways
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include "guests.h"

#define CLIENTS 64

struct client {
    int fd;
    int domid; /* -1 before its line is complete */
    bool awaits;
    uint32_t virq; /* which one it awaits: its answer comes after it */
    char line[64];
    size_t used;
};

static struct client clients[CLIENTS];
static uint32_t virqs_raised;
static int wake[2] = { -1, -1 };
static int listener = -1;

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
    c->used = 0;
    if (!strcmp(verb, "shutdown") || !strcmp(verb, "die")) {
        c->awaits = true;
        c->virq = ++virqs_raised;
        raise_port(VIRQ_PORT);
    } else
        (void)!write(c->fd, "ok\n", 3);
}

static void answer_late(struct client *c)
{
    if (!c->awaits || (int32_t)(virqs_handled() - c->virq) < 0)
        return;
    c->awaits = false;
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
            answer_late(c);
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

/* The socket gets its name only once it listens: whoever sees it can connect. */
void start_guests(const char *path)
{
    struct sockaddr_un to = { .sun_family = AF_UNIX };
    pthread_t thread;

    for (int i = 0; i < CLIENTS; i++)
        clients[i].fd = -1;
    snprintf(to.sun_path, sizeof to.sun_path, "%s.new", path);
    listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (pipe2(wake, O_CLOEXEC | O_NONBLOCK) || bind(listener, (void *)&to, sizeof to) ||
        listen(listener, 16) || rename(to.sun_path, path))
        abort();
    pthread_create(&thread, NULL, play_guests, NULL);
}

void wake_guests(void)
{
    (void)!write(wake[1], "", 1);
}
