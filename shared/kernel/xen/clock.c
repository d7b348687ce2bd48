/*
 * Time: Xen's system time and wall clock, which it keeps in the shared page for us to interpolate.
 */

#include "clock.h"

#include "../cpu/cpu.h"
#include "../include/kernel.h"
#include "events.h"
#include "xen.h"

/* (a * b) >> 32 without losing the high bits. */
static uint64_t scale(uint64_t a, uint32_t b)
{
    return (uint64_t)(((unsigned __int128)a * b) >> 32);
}

uint64_t clock_interpolate(const struct clock_sample *sample, uint64_t tsc)
{
    /* The sample's counter may be "before 0": a domain's counter starts with the domain. */
    uint64_t delta = tsc - sample->tsc;
    /* A processor behind the one that took the sample: time stands still, it does not leap. */
    if ((int64_t)delta < 0)
        delta = 0;
    delta = sample->shift >= 0 ? delta << sample->shift : delta >> -sample->shift;
    return sample->system_time + scale(delta, sample->multiplier);
}

uint64_t clock_now(void)
{
    static uint64_t last;
    /* A bare machine is for tests: its counter counts about as fast as nanoseconds pass. */
    if (!xen_shared)
        return rdtsc();
    const volatile struct vcpu_time_info *time = &xen_shared->vcpu_info[0].time;
    struct clock_sample sample;
    uint32_t version;
    uint64_t tsc;
    do {
        version = __atomic_load_n(&time->version, __ATOMIC_ACQUIRE);
        sample = (struct clock_sample){
            .tsc = time->tsc_timestamp,
            .system_time = time->system_time,
            .multiplier = time->tsc_to_system_mul,
            .shift = time->tsc_shift,
        };
        tsc = rdtsc();
        __atomic_thread_fence(__ATOMIC_ACQUIRE);
    } while ((version & 1) || version != time->version);
    uint64_t now = clock_interpolate(&sample, tsc);
    /* Two samples may disagree by a little. */
    if (now > last)
        last = now;
    return last;
}

uint64_t clock_wall(void)
{
    if (!xen_shared)
        return clock_now();
    const volatile struct shared_info *shared = xen_shared;
    uint32_t version;
    uint64_t base;
    do {
        version = __atomic_load_n(&shared->wc_version, __ATOMIC_ACQUIRE);
        uint64_t seconds = (uint64_t)shared->wc_sec_hi << 32 | shared->wc_sec;
        base = seconds * 1000000000 + shared->wc_nsec;
        __atomic_thread_fence(__ATOMIC_ACQUIRE);
    } while ((version & 1) || version != shared->wc_version);
    return base + clock_now();
}

void clock_sleep(uint64_t deadline)
{
    if (!xen_shared) {
        while (deadline != UINT64_MAX && clock_now() < deadline)
            cpu_pause();
        if (deadline == UINT64_MAX)
            panic("a bare machine would sleep for ever");
        return;
    }
    /* A deadline that has passed ends the sleep at once: looking at the clock may cost an exit. */
    if (events_pending())
        events_send_owed();
    else
        xen_sleep(deadline == UINT64_MAX ? 0 : deadline);
}
