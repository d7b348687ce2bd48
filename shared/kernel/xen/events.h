/* Event channels, what only the kernel itself uses. */
#pragma once

#include <stdbool.h>

/* Masks every port and asks for interrupts, which end a sleep. */
void events_init(void);
/* Whether events_take would give something. */
bool events_pending(void);
