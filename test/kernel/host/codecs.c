/* Code that reads what others wrote: positions, start info, the console's ring, clock, ChaCha20. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../../shared/kernel/cpu/random.h"
#include "../../../shared/kernel/host/positions.h"
#include "../../../shared/kernel/memory/bitmap.h"
#include "../../../shared/kernel/xen/clock.h"
#include "../../../shared/kernel/xen/console-ring.h"
#include "support.h"
#include <xen/io/console.h>

/* What the files under test ask of others, and these tests do not reach. */
struct shared_info *xen_shared;
bool events_pending(void);
bool events_pending(void)
{
    return false;
}
void events_send_owed(void);
void events_send_owed(void)
{
}
void xen_sleep(uint64_t deadline);
void xen_sleep(uint64_t deadline)
{
    (void)deadline;
}
long xen_domain_handle(uint8_t handle[16]);
long xen_domain_handle(uint8_t handle[16])
{
    (void)handle;
    return -1;
}
void console_printf(const char *format, ...)
{
    (void)format;
}

/* Any bytes as a table: an answer or none, never a read outside (the sanitizer would tell). */
static void positions_of_noise(void)
{
    size_t size = draw(60);
    uint8_t *table = malloc(size);
    for (size_t i = 0; i < size; i++)
        table[i] = draw(3) == 0 ? 0 : (uint8_t)draw(256);
    if (size > 1)
        table[1] = 0;
    struct position found;
    positions_find(table, size, 1 + draw(300), 1 + draw(100), &found);
    char *to = malloc(40);
    const char *trace = "    at f (main.js:12:3)\n    at main.js:4\nmain.js:99999999999:1";
    size_t length = positions_translate(table, size, "main.js", trace, to, 1 + draw(40));
    CHECK(length < 40 && to[length] == '\0');
    free(to);
    free(table);
}

static void positions_known(void)
{
    /* Two sources; line 1 column 1: a.ts 10; line 3 column 5: b.ts 2. */
    static const uint8_t table[] = { 2, 0, 'a', 0, 'b', 0, 0, 0, 0, 18, 2, 4, 2, 15 };
    char to[100];
    struct position found;
    CHECK(positions_find(table, sizeof table, 2, 1, &found));
    CHECK(strcmp(found.source, "a") == 0 && found.line == 10);
    CHECK(positions_find(table, sizeof table, 3, 4, &found) && found.line == 10);
    CHECK(positions_find(table, sizeof table, 3, 5, &found));
    CHECK(strcmp(found.source, "b") == 0 && found.line == 2);
    positions_translate(table, sizeof table, "main.js", "at x (main.js:3:9)", to, sizeof to);
    CHECK(strcmp(to, "at x (b:2)") == 0);
}

/* A consumer that does what it likes; what it takes in order is what was put. */
static void ring(void)
{
    static struct xencons_interface page;
    memset(&page, 0, sizeof page);
    page.out_prod = page.out_cons = draw(2) ? 0xfffffff0u : draw(5000);
    unsigned put = 0, taken = 0;
    for (int step = 0; step < 2000; step++) {
        char text[80];
        size_t size = draw(sizeof text);
        for (size_t i = 0; i < size; i++)
            text[i] = (char)(put + i);
        if (console_ring_put(&page, text, size))
            put += size;
        for (uint32_t n = draw(100); n > 0 && page.out_cons != page.out_prod; n--, taken++)
            CHECK(page.out[page.out_cons++ % sizeof page.out] == (char)taken);
    }
    CHECK(put > 10000);
    page.out_cons = draw(0xffffffff);
    console_ring_put(&page, "text", 4);
}

static void clock(void)
{
    /* Two ticks a nanosecond; the sample was taken before the counter was at 0. */
    struct clock_sample sample = { .tsc = -1000ull, .system_time = 50, .multiplier = 1u << 31 };
    CHECK(clock_interpolate(&sample, 1000) == 50 + 1000);
    CHECK(clock_interpolate(&sample, -1100ull) == 50);
    sample.shift = -1;
    CHECK(clock_interpolate(&sample, 1000) == 50 + 500);
    sample.shift = 1;
    CHECK(clock_interpolate(&sample, 1000) == 50 + 2000);
}

/* RFC 8439, 2.3.2. */
static void chacha(void)
{
    uint32_t input[16] = { 0x61707865, 0x3320646e, 0x79622d32, 0x6b206574 }, output[16];
    for (int i = 0; i < 8; i++)
        input[4 + i] = 0x03020100u + 0x04040404u * (uint32_t)i;
    input[12] = 1, input[13] = 0x09000000, input[14] = 0x4a000000, input[15] = 0;
    chacha20_block(input, output);
    CHECK(output[0] == 0xe4e7f110 && output[5] == 0x0368c033 && output[15] == 0x4e3c50a2);
}

/* Runs against a model of a byte each. */
static void bitmap(void)
{
    enum { BITS = 300 };
    uint64_t map[BITMAP_WORDS(BITS)] = { 0 };
    char model[BITS] = { 0 };
    for (int step = 0; step < 300; step++) {
        size_t from = draw(BITS), count = draw(40);
        if (count > BITS - from)
            count = BITS - from;
        bool value = draw(2);
        bitmap_fill(map, from, count, value);
        memset(model + from, value, count);
        size_t wanted = 1 + draw(20), best = BITMAP_NONE;
        for (size_t at = 0; at + wanted <= BITS; at++) {
            if (!memchr(model + at, 1, wanted))
                best = at;
        }
        CHECK(bitmap_find_clear(map, BITS, wanted) == best);
    }
}

int main(int argc, char **argv)
{
    positions_known();
    clock();
    chacha();
    for (int i = 1; i < argc; i++) {
        seed(strtoull(argv[i], NULL, 10));
        for (int round = 0; round < 2000; round++)
            positions_of_noise();
        ring();
        bitmap();
    }
    return 0;
}
