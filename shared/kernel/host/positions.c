/* Positions of the sources for positions of the bundle. */

#include "positions.h"

#include <stdio.h>
#include <string.h>

struct reader {
    const uint8_t *at, *end;
    bool broken;
};

static uint32_t number(struct reader *r)
{
    uint32_t value = 0;
    for (unsigned shift = 0; shift < 35; shift += 7) {
        if (r->at == r->end)
            break;
        uint8_t byte = *r->at++;
        value |= (uint32_t)(byte & 0x7f) << (shift < 32 ? shift : 31);
        if (!(byte & 0x80))
            return value;
    }
    r->broken = true;
    return 0;
}

static uint32_t difference(struct reader *r)
{
    uint32_t n = number(r);
    return n >> 1 ^ -(n & 1);
}

/* Passes over the names; the one of this number, or NULL. */
static const char *read_names(struct reader *r, uint32_t wanted)
{
    const char *found = NULL;
    if (r->end - r->at < 2) {
        r->broken = true;
        return NULL;
    }
    uint32_t count = r->at[0] | (uint32_t)r->at[1] << 8;
    r->at += 2;
    for (uint32_t i = 0; i < count; i++) {
        const uint8_t *zero = memchr(r->at, 0, (size_t)(r->end - r->at));
        if (!zero) {
            r->broken = true;
            return NULL;
        }
        if (i == wanted)
            found = (const char *)r->at;
        r->at = zero + 1;
    }
    return found;
}

bool positions_find(const uint8_t *table, size_t size, uint32_t line, uint32_t column,
                    struct position *found)
{
    struct reader r = { table, table + size, false };
    uint32_t at_line = 1, at_column = 1, source = 0, source_line = 1;
    uint32_t best_source = UINT32_MAX, best_line = 0;
    read_names(&r, UINT32_MAX);
    while (!r.broken && r.at < r.end) {
        uint32_t lines = number(&r);
        if (lines > 0)
            at_column = 1;
        at_line += lines;
        at_column += number(&r);
        source += difference(&r);
        source_line += difference(&r);
        if (r.broken || at_line > line || (at_line == line && at_column > column))
            break;
        best_source = source;
        best_line = source_line;
    }
    struct reader names = { table, table + size, false };
    found->source = read_names(&names, best_source);
    found->line = best_line;
    return found->source != NULL;
}

/* Reads a number at `*text` and passes over it; 0 if there is none. */
static uint32_t decimal(const char **text)
{
    uint32_t value = 0;
    for (; **text >= '0' && **text <= '9'; ++*text) {
        if (value < 100000000)
            value = value * 10 + (uint32_t)(**text - '0');
    }
    return value;
}

size_t positions_translate(const uint8_t *table, size_t size, const char *file, const char *trace,
                           char *to, size_t room)
{
    size_t used = 0;
    size_t file_length = strlen(file);
    while (*trace != '\0' && used + 1 < room) {
        const char *after = trace + file_length + 1;
        struct position found;
        if (strncmp(trace, file, file_length) != 0 || trace[file_length] != ':') {
            to[used++] = *trace++;
            continue;
        }
        uint32_t line = decimal(&after), column = 1;
        if (*after == ':') {
            after++;
            column = decimal(&after);
        }
        if (line == 0 || !positions_find(table, size, line, column, &found)) {
            to[used++] = *trace++;
            continue;
        }
        int more = snprintf(to + used, room - used, "%s:%u", found.source, found.line);
        used = (size_t)more < room - used ? used + (size_t)more : room - 1;
        trace = after;
    }
    if (room > 0)
        to[used] = '\0';
    return used;
}
