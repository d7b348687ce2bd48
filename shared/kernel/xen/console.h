/* The console, what only the kernel itself uses. */
#pragma once

#include <stdbool.h>

/* Finds the console ring. With `to_log` every line goes to Xen's log as well. */
void console_init(bool to_log);
/* Gives the reader a moment to take what is in the ring. */
void console_flush(void);
