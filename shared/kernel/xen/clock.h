/* Time, what can be tested without Xen. */
#pragma once

#include <stdint.h>

/* struct vcpu_time_info: a moment in both times, and the factor between them. */
struct clock_sample {
    uint64_t tsc, system_time;
    uint32_t multiplier; /* nanoseconds a (shifted) tick, times 2^32 */
    int8_t shift;
};

uint64_t clock_interpolate(const struct clock_sample *sample, uint64_t tsc);
