/* The end of the domain: planned, or after a fault of ours. */

#include <stdio.h>

#include "../cpu/cpu.h"
#include "../cpu/trap.h"
#include "../include/kernel.h"
#include "../xen/console.h"
#include "../xen/xen.h"

/* A port that QEMU's isa-debug-exit device may be at: how a bare machine ends. */
#define BARE_EXIT_PORT 0xf4

static void __attribute__((noreturn)) end(unsigned reason)
{
    if (kernel_has_xen())
        xen_shutdown(reason);
    else
        outb(BARE_EXIT_PORT, (uint8_t)reason);
    halt();
}

void kernel_shutdown(enum shutdown_reason reason)
{
    console_flush();
    end(reason);
}

void halt_as_crashed(void)
{
    end(SHUTDOWN_crash);
}

void panic(const char *format, ...)
{
    static bool panicking;
    if (panicking)
        halt_as_crashed();
    panicking = true;
    char text[400];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    emergency_printf("%s: panic: %s\n", service.name, text);
    console_flush();
    halt_as_crashed();
}
