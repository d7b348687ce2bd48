/*
 * Positions of the sources for positions of the bundle. The linking tool writes the table:
 *
 *   u16     how many sources
 *   text    their names, each ended by a 0
 *   runs    to the end: a position from which on the source is another, or another line of it;
 *           four numbers, each as the difference from the run before:
 *           line of the bundle, column (from 0 again on a new line), source, line of the source;
 *           the last two may go back: (n << 1) ^ (n >> 31)
 *
 * Numbers are little endian in groups of seven bits, the high bit saying that more follow. Lines
 * and columns count from 1.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct position {
    const char *source;
    uint32_t line;
};

/* The source that a position of the bundle came from. false if the table has none, or is broken. */
bool positions_find(const uint8_t *table, size_t size, uint32_t line, uint32_t column,
                    struct position *found);

/*
 * Copies a stack trace, every `FILE:LINE:COLUMN` or `FILE:LINE` of the bundle `file` becoming the
 * source's. Cut off at `room`, which counts the 0 at the end; the length without it.
 */
size_t positions_translate(const uint8_t *table, size_t size, const char *file, const char *trace,
                           char *to, size_t room);
