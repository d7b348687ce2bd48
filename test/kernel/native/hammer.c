/*
 * A guest that asks its xenstore for its own name, again and again, one request at a time, for some
 * seconds, and says how often it got the answer. For benchmarks: it costs the host next to nothing
 * beside the requests.
 */

#include "kernel.h"

#include <string.h>
#include <xen/io/xs_wire.h>

#include "../../../shared/kernel/memory/paging.h"
#include "../../../shared/kernel/xen/xen.h"

#define RUN_NS 10000000000ull
#define PATIENCE_NS 60000000000ull
#define REST_NS 5000000000ull

static struct xenstore_domain_interface *ring;
static uint32_t port;

static void wait_for_event(uint64_t deadline)
{
    uint32_t ports[4];
    clock_sleep(deadline);
    size_t count = events_take(ports, 4);
    for (size_t i = 0; i < count; i++)
        events_unmask(ports[i]);
}

static void put(const void *bytes, uint32_t size)
{
    for (uint32_t i = 0; i < size; i++) {
        uint32_t produced = ring->req_prod;
        ring->req[MASK_XENSTORE_IDX(produced)] = ((const char *)bytes)[i];
        __atomic_store_n(&ring->req_prod, produced + 1, __ATOMIC_RELEASE);
    }
}

/* false: not within the time. */
static bool get(void *bytes, uint32_t size, uint64_t deadline)
{
    for (uint32_t i = 0; i < size; i++) {
        uint32_t consumed = ring->rsp_cons;
        while (__atomic_load_n(&ring->rsp_prod, __ATOMIC_ACQUIRE) == consumed) {
            if (clock_now() >= deadline)
                return false;
            wait_for_event(deadline);
        }
        ((char *)bytes)[i] = ring->rsp[MASK_XENSTORE_IDX(consumed)];
        __atomic_store_n(&ring->rsp_cons, consumed + 1, __ATOMIC_RELEASE);
    }
    return true;
}

static bool ask(uint32_t id)
{
    static const char path[] = "name";
    struct xsd_sockmsg head = { .type = XS_READ, .req_id = id, .len = sizeof path };
    uint64_t deadline = clock_now() + PATIENCE_NS;
    char name[64];
    put(&head, sizeof head);
    put(path, sizeof path);
    events_notify(port);
    if (!get(&head, sizeof head, deadline) || head.len > sizeof name)
        return false;
    return get(name, head.len, deadline) && head.type == XS_READ && head.req_id == id;
}

void engine_run(void);
void engine_run(void)
{
    uint64_t frame = 0, channel = 0;
    if (xen_hvm_param(HVM_PARAM_STORE_PFN, &frame) < 0 ||
        xen_hvm_param(HVM_PARAM_STORE_EVTCHN, &channel) < 0)
        panic("no xenstore ring");
    if (!paging_map(frame * PAGE_SIZE, 1, PAGE_WRITE | PAGE_NO_EXECUTE))
        panic("no memory for page tables");
    ring = (struct xenstore_domain_interface *)(frame * PAGE_SIZE);
    port = (uint32_t)channel;
    events_adopt(port);
    uint32_t count = 0;
    if (!ask(count))
        panic("no answer");
    uint64_t start = clock_now(), now = start;
    for (; now - start < RUN_NS; now = clock_now()) {
        if (!ask(++count))
            panic("no answer after %u", count);
    }
    console_printf("answers %u in %lu us", count, (now - start) / 1000);
    /* Its end is work for the others' xenstore: not while they count. */
    clock_sleep(now + REST_NS);
}
