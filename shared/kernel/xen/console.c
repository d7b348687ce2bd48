/* The console: lines into the ring that xenconsoled reads; without one, to the emergency port. */

#include "console.h"

#include <stdio.h>
#include <string.h>

#include "../cpu/serial.h"
#include "../cpu/trap.h"
#include "../include/kernel.h"
#include "console-ring.h"
#include "xen.h"
#include <xen/io/console.h>

#define LINE_MAX 512
#define FLUSH_NS 200000000ull

static struct xencons_interface *ring;
static uint32_t ring_port;
static uint64_t lines_dropped;
/* Whether lines go to the emergency port too. */
static bool echo;

void console_init(bool to_log)
{
    void *page;
    echo = to_log;
    int64_t port = domain_parameter(HVM_PARAM_CONSOLE_EVTCHN);
    if (port <= 0 || domain_page(HVM_PARAM_CONSOLE_PFN, &page) < 0)
        return;
    ring = page;
    ring_port = (uint32_t)port;
}

/* Tells the reader of lines that there was no room for; false if there is none for that. */
static bool tell_dropped(void)
{
    char note[64];
    if (lines_dropped == 0)
        return true;
    int size = snprintf(note, sizeof note, "(%lu lines were dropped here)\r\n", lines_dropped);
    if (!console_ring_put(ring, note, (size_t)size))
        return false;
    lines_dropped = 0;
    events_notify(ring_port);
    return true;
}

static bool put(const char *text, size_t size)
{
    static char line[1024];
    if (!tell_dropped())
        return false;
    if (size > sizeof line - 2)
        size = sizeof line - 2;
    memcpy(line, text, size);
    memcpy(line + size, "\r\n", 2);
    return console_ring_put(ring, line, size + 2);
}

void console_line(const char *text, size_t size)
{
    if (!ring || echo) {
        serial_write(text, size);
        serial_write("\n", 1);
    }
    if (!ring)
        return;
    if (put(text, size))
        events_notify(ring_port);
    else
        lines_dropped++;
}

void console_printf(const char *format, ...)
{
    char line[LINE_MAX];
    va_list arguments;
    va_start(arguments, format);
    int size = vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    if (size >= 0)
        console_line(line, size < LINE_MAX ? (size_t)size : LINE_MAX - 1);
}

void console_flush(void)
{
    if (!ring)
        return;
    uint64_t end = clock_now() + FLUSH_NS;
    /* Polling with sleeps: xenconsoled's event would end them, but its port is never taken. */
    while (!(tell_dropped() && console_ring_is_empty(ring)) && clock_now() < end)
        xen_sleep(clock_now() + FLUSH_NS / 40);
}

void emergency_printf(const char *format, ...)
{
    char text[LINE_MAX];
    va_list arguments;
    va_start(arguments, format);
    int size = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (size <= 0)
        return;
    size_t used = size < LINE_MAX ? (size_t)size : LINE_MAX - 1;
    serial_write(text, used);
    if (!ring)
        return;
    for (size_t i = 0; i < used; i++) {
        if (text[i] == '\n')
            console_ring_put(ring, "\r", 1);
        console_ring_put(ring, text + i, 1);
    }
    events_notify(ring_port);
}
