/* What kernel code needs to be a program of this machine: an end with a message, and pages. */

#include "support.h"

#include <stdio.h>
#include <stdlib.h>

const struct service service = { .name = "host" };

void panic(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    abort();
}

static uint64_t state = 1;

void seed(uint64_t value)
{
    state = value * 2 + 1;
}

uint32_t draw(uint32_t below)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (uint32_t)(state >> 11) % below;
}

uintptr_t arena(size_t pages)
{
    void *memory = aligned_alloc(PAGE_SIZE, pages * PAGE_SIZE);
    CHECK(memory != NULL);
    return (uintptr_t)memory;
}
