/* Output ports that work from the first instruction on. */
#pragma once

#include <stddef.h>

/* Xen's debug port (its log), or a bare machine's first serial port. */
void serial_write(const char *text, size_t size);
