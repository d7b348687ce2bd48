/* The guest's end of a console ring (io/console.h @ RELEASE-4.17.0). */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct xencons_interface;

/* Puts all of `text` in the ring, or nothing if it does not fit. */
bool console_ring_put(struct xencons_interface *ring, const char *text, size_t size);
/* Whether the other side has taken all. */
bool console_ring_is_empty(const struct xencons_interface *ring);
