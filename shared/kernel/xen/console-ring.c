/* The guest's end of a console ring (io/console.h @ RELEASE-4.17.0). */

#include "console-ring.h"

#include <stdint.h>
#include <xen/io/console.h>

#define RING_SIZE sizeof(((struct xencons_interface *)0)->out)

bool console_ring_put(struct xencons_interface *ring, const char *text, size_t size)
{
    uint32_t produced = ring->out_prod;
    uint32_t waiting = produced - __atomic_load_n(&ring->out_cons, __ATOMIC_ACQUIRE);
    /* A consumer ahead of us has broken the ring: as good as full. */
    if (waiting > RING_SIZE || size > RING_SIZE - waiting)
        return false;
    for (size_t i = 0; i < size; i++)
        ring->out[(produced + i) % RING_SIZE] = text[i];
    __atomic_store_n(&ring->out_prod, produced + (uint32_t)size, __ATOMIC_RELEASE);
    return true;
}

bool console_ring_is_empty(const struct xencons_interface *ring)
{
    return __atomic_load_n(&ring->out_cons, __ATOMIC_ACQUIRE) == ring->out_prod;
}
