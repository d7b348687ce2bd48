/* A tree of domains, and requests all over it. */
#include "link.h"
#include <stdio.h>

/* What a domain has in the store, as a toolstack and its drivers write it. */
static const char *const leaves[] = { "name", "domid", "memory/target", "memory/static-max",
    "cpu/0/availability", "device/vbd/51712/backend", "device/vbd/51712/state",
    "device/vbd/51712/ring-ref", "device/vbd/51712/event-channel", "device/vbd/51712/protocol",
    "device/vif/0/backend", "device/vif/0/state", "device/vif/0/mac", "device/vif/0/tx-ring-ref",
    "device/vif/0/rx-ring-ref", "device/vif/0/event-channel", "device/vif/0/request-rx-copy",
    "console/port", "console/ring-ref", "console/limit", "console/type", "store/port",
    "store/ring-ref", "control/shutdown", "control/feature-poweroff", "control/feature-reboot",
    "data", "vm" };
#define LEAVES (sizeof leaves / sizeof *leaves)

static struct packet leaf_packet(int type, long leaf, long domid)
{
    char path[128], value[64];
    snprintf(path, sizeof path, "/local/domain/%ld/%s", domid, leaves[leaf]);
    snprintf(value, sizeof value, "value %ld of domain %ld", leaf, domid);
    return encode(type, 0, path, type == XS_WRITE ? value : NULL, false);
}

static struct packet populating(long i)
{
    return leaf_packet(XS_WRITE, i % LEAVES, 1 + i / LEAVES);
}

void populate(struct link *l, long domains)
{
    stream(l, domains * LEAVES, 16, populating);
}

/* The same nodes in the same order for everybody, near and far in turn. */
void spread(struct link *l, int type, long domains, long count)
{
    uint32_t seed = 1;
    double spent = 0;
    for (long i = 0; i < count; i++) {
        seed = seed * 1664525 + 1013904223;
        struct packet p = leaf_packet(type, (seed >> 8) % LEAVES, 1 + (seed >> 16) % domains);
        double start = now();
        ask(l, &p);
        spent += now() - start;
    }
    printf("%.3f\n", spent * 1e6 / count);
}
