/*
 * Loads a xenstored over its socket and prints what it measured. In C because a round trip costs a
 * client on Node as much as it costs the daemon, and ratios of sums would hide the daemons.
 *
 *   SOCKET prepare                        the nodes that the others use
 *   SOCKET one read|write|directory N     us a request, one in flight
 *   SOCKET watched WATCHES N              us a write, with watches on other paths
 *   SOCKET pipeline DEPTH N               reads a second, DEPTH in flight on one connection
 *   SOCKET connections COUNT N            reads a second, COUNT connections with one in flight each
 *   SOCKET transactions COUNT N own|new   commits a second, and EAGAINs for 1000 of them: clients
 *                                         read and write each its own node of one directory; with
 *                                         `new` each makes or removes another one, too
 *   SOCKET populate DOMAINS               a tree of so many domains, 40 nodes each
 *   SOCKET spread read|write DOMAINS N    us a request, on nodes all over that tree
 */
#include "link.h"
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct packet small_read(long i)
{
    return encode(XS_READ, 0, "/bench/small", NULL, false);
}

static struct packet request_of(const char *what)
{
    if (!strcmp(what, "read"))
        return small_read(0);
    if (!strcmp(what, "write"))
        return encode(XS_WRITE, 0, "/bench/small", "v", false);
    return encode(XS_DIRECTORY, 0, "/bench/dir", NULL, false);
}

static void prepare(struct link *l)
{
    static const char *const nodes[] = { "/bench/small", "/bench/dir/a", "/bench/dir/b",
        "/bench/dir/c", "/bench/dir/d", "/bench/dir/e", "/bench/dir/f", "/bench/dir/g",
        "/bench/dir/h", "/bench/dir/i", "/bench/dir/j" };
    for (size_t i = 0; i < sizeof nodes / sizeof *nodes; i++) {
        struct packet p = encode(XS_WRITE, 0, nodes[i], "v", false);
        ask(l, &p);
    }
}

/* Asks the same again and again; the us that each took. */
static double repeat(struct link *l, const char *what, long count)
{
    struct packet p = request_of(what);
    double start = now();
    for (long i = 0; i < count; i++)
        ask(l, &p);
    return (now() - start) * 1e6 / count;
}

static void one(struct link *l, const char *what, long count)
{
    printf("%.3f\n", repeat(l, what, count));
}

static struct packet watch(long i)
{
    char path[64];
    snprintf(path, sizeof path, "/elsewhere/%ld/state", i);
    return encode(XS_WATCH, 0, path, "token", true);
}

static void connections(int count, long requests)
{
    struct pollfd polls[LINKS];
    struct packet p = small_read(0);
    for (int i = 0; i < count; i++)
        polls[i] = (struct pollfd){ .fd = dial(i)->fd, .events = POLLIN };
    double start = now();
    for (int i = 0; i < count; i++)
        send_all(&links[i], p.bytes, p.size);
    for (long answered = 0; answered < requests;) {
        if (poll(polls, count, -1) < 0)
            die("poll");
        for (int i = 0; i < count; i++) {
            if (!polls[i].revents)
                continue;
            fill(&links[i]);
            while (reply(&links[i])) {
                answered++;
                send_all(&links[i], p.bytes, p.size);
            }
        }
    }
    printf("%.1f\n", requests / (now() - start));
}

int main(int argc, char **argv)
{
    if (argc < 3)
        return 2;
    socket_path = argv[1];
    const char *mode = argv[2];
    const char *a = argc > 3 ? argv[3] : "", *b = argc > 4 ? argv[4] : "0";
    if (!strcmp(mode, "connections"))
        connections(atoi(a), atol(b));
    else if (!strcmp(mode, "transactions"))
        transactions(atoi(a), atol(b), argc > 5 && !strcmp(argv[5], "new"));
    else if (!strcmp(mode, "prepare"))
        prepare(dial(0));
    else if (!strcmp(mode, "one"))
        one(dial(0), a, atol(b));
    else if (!strcmp(mode, "pipeline"))
        printf("%.1f\n", atol(b) / stream(dial(0), atol(b), atoi(a), small_read));
    else if (!strcmp(mode, "watched")) {
        stream(dial(1), atol(a), 16, watch);
        dial(0);
        /* What so many registrations left to do is done in the first writes. */
        repeat(&links[0], "write", atol(b));
        one(&links[0], "write", atol(b));
    } else if (!strcmp(mode, "populate"))
        populate(dial(0), atol(a));
    else if (!strcmp(mode, "spread"))
        spread(dial(0), !strcmp(a, "read") ? XS_READ : XS_WRITE, atol(b), atol(argv[5]));
    else
        return 2;
    return 0;
}
