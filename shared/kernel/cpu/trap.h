/* Exceptions, and what they end with. */
#pragma once

#include "../include/kernel.h"

/* The interrupt that Xen raises for event channels; its handler only ends a sleep. */
#define EVENT_VECTOR 0x20

/* Installs descriptors, stacks and handlers. */
void trap_init(void);

/* printf to every console that works at any time: no ring, no heap. */
void emergency_printf(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* SHUTDOWN_crash at once. */
void halt_as_crashed(void) __attribute__((noreturn));
