/*
 * Sleep, and the events that are sent with it: one entry of Xen instead of two, and no script goes
 * on without what the processor had cached before an entry.
 */

#include "../include/kernel.h"
#include "xen.h"

#define OWED_MAX 8
/* The result of a call that Xen has not come to: no event operation gives it. */
#define NOT_MADE 1

/*
 * No sleep is longer. Emulated processors (QEMU's before 9.1) take a VMRUN for the STI before it,
 * and hold interrupts back for one instruction of the guest's; where that is the one that enters
 * Xen, as it is when Xen has let others run between two calls, Xen takes a pending event for one
 * that cannot be delivered yet, and sleeps over it. What ends such a sleep is a timer that is set
 * once for many sleeps, so that the clock is not read for each. It may be the timer's event that is
 * slept over, and then no other comes: the poll ends by itself a little later, which needs none.
 */
#define SLEEP_NS 1000000000ull
#define SLEEP_AFTER_SENDING_NS 50000000ull

/* After how long the timer was to fire that has not fired yet; 0: there is none. */
static uint64_t alarm;
/* When a poll ends by itself: after the timer. */
static uint64_t latest;

void xen_alarm_fired(void)
{
    alarm = 0;
}

/* Has the timer fire after so many ns at the latest. The clock is looked at only to set it. */
static void set_alarm(uint64_t after)
{
    if (alarm != 0 && alarm <= after)
        return;
    uint64_t now = clock_now();
    struct vcpu_set_singleshot_timer timer = { .timeout_abs_ns = now + after };
    long result = xen_vcpu_op(VCPUOP_set_singleshot_timer, &timer);
    if (result < 0)
        panic("cannot set the timer: error %ld", -result);
    alarm = after;
    latest = now + after + SLEEP_AFTER_SENDING_NS;
}

static uint32_t owed[OWED_MAX];
static unsigned owed_count;

void events_send_owed(void)
{
    for (unsigned i = 0; i < owed_count; i++)
        events_notify(owed[i]);
    owed_count = 0;
}

void events_notify_later(uint32_t port)
{
    for (unsigned i = 0; i < owed_count; i++) {
        if (owed[i] == port)
            return;
    }
    if (owed_count == OWED_MAX)
        events_send_owed();
    owed[owed_count++] = port;
}

static struct multicall_entry call_of(unsigned op, unsigned command, void *argument)
{
    return (struct multicall_entry){
        .op = op,
        .result = NOT_MADE,
        .args = { command, (uintptr_t)argument },
    };
}

void xen_sleep(uint64_t deadline)
{
    struct evtchn_send sends[OWED_MAX];
    struct multicall_entry calls[OWED_MAX + 1];
    for (unsigned i = 0; i < owed_count; i++) {
        sends[i].port = owed[i];
        calls[i] = call_of(__HYPERVISOR_event_channel_op, EVTCHNOP_send, &sends[i]);
    }
    set_alarm(owed_count ? SLEEP_AFTER_SENDING_NS : SLEEP_NS);
    /* Without ports in its list, a poll ends at any event. */
    uint64_t timeout = deadline != 0 && deadline < latest ? deadline : latest;
    struct sched_poll poll = { .nr_ports = 0, .timeout = timeout };
    calls[owed_count] = call_of(__HYPERVISOR_sched_op, SCHEDOP_poll, &poll);
    sleep_in_hypercall(__HYPERVISOR_multicall, (uintptr_t)calls, owed_count + 1);
    /*
     * An event's interrupt leaves the calls where it finds them: before the first, or where Xen let
     * others run between two of them (do_multicall in common/multicall.c @ RELEASE-4.17.0).
     */
    for (unsigned i = 0; i < owed_count; i++) {
        if (*(volatile xen_ulong_t *)&calls[i].result == NOT_MADE)
            events_notify(owed[i]);
    }
    owed_count = 0;
}
