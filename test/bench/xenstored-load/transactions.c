/* Clients with a transaction each, all in one directory. */
#include "link.h"
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

/* One client's transaction: what it asks next, by how far it is. */
struct worker {
    int step;
    uint32_t tx;
    bool made;
};

static struct packet step_of(const struct worker *w, int i, bool fresh)
{
    char own[32], extra[32];
    snprintf(own, sizeof own, "/bench/tx/%d", i);
    snprintf(extra, sizeof extra, "/bench/tx/%d-new", i);
    switch (w->step) {
    case 0:
        return encode(XS_TRANSACTION_START, 0, "", NULL, false);
    case 1:
        return encode(XS_READ, w->tx, own, NULL, false);
    case 2:
        return encode(XS_WRITE, w->tx, own, w->made ? "1" : "2", false);
    case 3:
        if (fresh && w->made)
            return encode(XS_RM, w->tx, extra, NULL, false);
        if (fresh)
            return encode(XS_WRITE, w->tx, extra, "", false);
    }
    return encode(XS_TRANSACTION_END, w->tx, "T", NULL, false);
}

void transactions(int count, long commits, bool fresh)
{
    struct pollfd polls[LINKS];
    struct worker workers[LINKS] = { 0 };
    int last = fresh ? 4 : 3;
    long done = 0, again = 0;
    for (int i = 0; i < count; i++) {
        char own[32];
        polls[i] = (struct pollfd){ .fd = dial(i)->fd, .events = POLLIN };
        snprintf(own, sizeof own, "/bench/tx/%d", i);
        struct packet p = encode(XS_WRITE, 0, own, "0", false);
        ask(&links[i], &p);
    }
    double start = now();
    for (int i = 0; i < count; i++) {
        struct packet p = step_of(&workers[i], i, fresh);
        send_all(&links[i], p.bytes, p.size);
    }
    while (done < commits) {
        if (poll(polls, count, -1) < 0)
            die("poll");
        for (int i = 0; i < count; i++) {
            const struct xsd_sockmsg *h;
            struct worker *w = &workers[i];
            if (!polls[i].revents)
                continue;
            fill(&links[i]);
            if (!(h = reply(&links[i])))
                continue;
            if (w->step == 0)
                w->tx = strtoul((const char *)(h + 1), NULL, 10);
            if (w->step == last && h->type == XS_ERROR)
                again++;
            else if (w->step == last) {
                done++;
                w->made = !w->made;
            }
            w->step = w->step == last ? 0 : w->step + 1;
            struct packet p = step_of(w, i, fresh);
            send_all(&links[i], p.bytes, p.size);
        }
    }
    printf("%.1f %.3f\n", done / (now() - start), again * 1e3 / done);
}
