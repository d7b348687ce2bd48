/* Output ports that work from the first instruction on. */

#include "serial.h"

#include "../include/kernel.h"
#include "cpu.h"

/*
 * arch-x86/xen.h: XEN_HVM_DEBUGCONS_IOPORT. What a domain writes there goes to Xen's log by lines.
 */
#define XEN_DEBUG_PORT 0xe9
#define COM1 0x3f8
#define COM1_STATUS (COM1 + 5)
#define COM1_ROOM 0x20
#define PATIENCE 100000

void serial_write(const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (kernel_has_xen()) {
            outb(XEN_DEBUG_PORT, (uint8_t)text[i]);
            continue;
        }
        for (int tries = 0; tries < PATIENCE && !(inb(COM1_STATUS) & COM1_ROOM); tries++)
            cpu_pause();
        outb(COM1, (uint8_t)text[i]);
    }
}
