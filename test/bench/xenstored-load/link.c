/* Connections to a xenstored, and its packets: see link.h. */
#include "link.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

const char *socket_path;
struct link links[LINKS];

void die(const char *what)
{
    perror(what);
    exit(1);
}

double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + t.tv_nsec * 1e-9;
}

struct link *dial(int index)
{
    struct link *l = &links[index];
    struct sockaddr_un to = { .sun_family = AF_UNIX };
    strncpy(to.sun_path, socket_path, sizeof to.sun_path - 1);
    l->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (l->fd < 0 || connect(l->fd, (struct sockaddr *)&to, sizeof to))
        die(socket_path);
    return l;
}

void send_all(struct link *l, const char *bytes, size_t size)
{
    while (size > 0) {
        ssize_t n = write(l->fd, bytes, size);
        if (n <= 0)
            die("write");
        bytes += n;
        size -= n;
    }
}

struct packet encode(int type, uint32_t tx, const char *a, const char *b, bool nul)
{
    struct packet p;
    struct xsd_sockmsg h = { .type = type, .tx_id = tx };
    size_t first = strlen(a) + 1, second = b ? strlen(b) + nul : 0;
    h.len = first + second;
    p.size = HEADER + h.len;
    memcpy(p.bytes, &h, HEADER);
    memcpy(p.bytes + HEADER, a, first);
    if (b)
        memcpy(p.bytes + HEADER + first, b, second);
    return p;
}

/* The next whole packet that has come, or NULL. */
static const struct xsd_sockmsg *taken(struct link *l)
{
    const struct xsd_sockmsg *h = (const void *)(l->in + l->used);
    size_t left = l->have - l->used;
    if (left < HEADER || left < HEADER + h->len)
        return NULL;
    l->used += HEADER + h->len;
    return h;
}

void fill(struct link *l)
{
    l->have -= l->used;
    memmove(l->in, l->in + l->used, l->have);
    l->used = 0;
    ssize_t n = read(l->fd, l->in + l->have, sizeof l->in - l->have);
    if (n <= 0)
        die("read");
    l->have += n;
}

static bool is_error(const struct xsd_sockmsg *h, const char *name)
{
    return h->type == XS_ERROR && !strcmp((const char *)(h + 1), name);
}

const struct xsd_sockmsg *reply(struct link *l)
{
    const struct xsd_sockmsg *h;
    do
        h = taken(l);
    while (h && h->type == XS_WATCH_EVENT);
    if (h && h->type == XS_ERROR && !is_error(h, "EAGAIN")) {
        fprintf(stderr, "the daemon answers %s\n", (const char *)(h + 1));
        exit(1);
    }
    return h;
}

const struct xsd_sockmsg *await(struct link *l)
{
    const struct xsd_sockmsg *h;
    while (!(h = reply(l)))
        fill(l);
    return h;
}

void ask(struct link *l, const struct packet *p)
{
    send_all(l, p->bytes, p->size);
    await(l);
}

double stream(struct link *l, long count, int depth, struct packet (*make)(long))
{
    static char out[64 * sizeof(struct packet)];
    double start = now();
    long sent = 0, answered = 0;
    while (answered < count) {
        size_t size = 0;
        for (; sent < count && sent - answered < depth; sent++) {
            struct packet p = make(sent);
            memcpy(out + size, p.bytes, p.size);
            size += p.size;
        }
        send_all(l, out, size);
        fill(l);
        while (reply(l))
            answered++;
    }
    return now() - start;
}
