/*
 * Event channels, by the two-level interface (xen.h, struct shared_info @ RELEASE-4.17.0): a bit a
 * port that it is pending, a bit that it is masked, and a word of bits that say where to look.
 */

#include "events.h"

#include "../cpu/trap.h"
#include "../include/kernel.h"
#include "xen.h"

/* HVM_PARAM_CALLBACK_IRQ: events arrive as an interrupt of this vector. */
#define CALLBACK_VECTOR(vector) (2ull << 56 | (vector))

#define WORD_BITS 64

/* VIRQ_TIMER's: it ends a sleep, and is nobody's event (sleep.c). */
static uint32_t timer_port = EVENTS_MAX;

/* Words that were seen pending and are not done, because the caller had no more room. */
static uint64_t words_left;

void events_init(void)
{
    for (unsigned word = 0; word < EVENTS_MAX / WORD_BITS; word++)
        xen_shared->evtchn_mask[word] = UINT64_MAX;
    long result = xen_set_hvm_param(HVM_PARAM_CALLBACK_IRQ, CALLBACK_VECTOR(EVENT_VECTOR));
    if (result < 0)
        panic("cannot ask for event interrupts: error %ld", -result);
    int port = events_bind_virq(VIRQ_TIMER);
    if (port < 0)
        panic("cannot bind the timer: error %d", -port);
    timer_port = (uint32_t)port;
}

static uint64_t bit_of(uint32_t port)
{
    return 1ull << (port % WORD_BITS);
}

static void set_bit(uint64_t *words, uint32_t port)
{
    __atomic_or_fetch(&words[port / WORD_BITS], bit_of(port), __ATOMIC_SEQ_CST);
}

static void clear_bit(uint64_t *words, uint32_t port)
{
    __atomic_and_fetch(&words[port / WORD_BITS], ~bit_of(port), __ATOMIC_SEQ_CST);
}

bool events_pending(void)
{
    return words_left != 0 || __atomic_load_n(&xen_shared->vcpu_info[0].evtchn_upcall_pending,
                                              __ATOMIC_SEQ_CST) != 0;
}

void events_unmask(uint32_t port)
{
    assert(port < EVENTS_MAX);
    clear_bit(xen_shared->evtchn_mask, port);
    /* What came while the port was masked is in no word of bits that say where to look. */
    if (!(__atomic_load_n(&xen_shared->evtchn_pending[port / WORD_BITS], __ATOMIC_SEQ_CST) &
          bit_of(port)))
        return;
    struct vcpu_info *vcpu = &xen_shared->vcpu_info[0];
    __atomic_or_fetch(&vcpu->evtchn_pending_sel, 1ull << (port / WORD_BITS), __ATOMIC_SEQ_CST);
    __atomic_store_n(&vcpu->evtchn_upcall_pending, 1, __ATOMIC_SEQ_CST);
}

size_t events_take(uint32_t *ports, size_t max)
{
    if (!xen_shared)
        return 0;
    struct vcpu_info *vcpu = &xen_shared->vcpu_info[0];
    __atomic_store_n(&vcpu->evtchn_upcall_pending, 0, __ATOMIC_SEQ_CST);
    words_left |= __atomic_exchange_n(&vcpu->evtchn_pending_sel, 0, __ATOMIC_SEQ_CST);
    size_t taken = 0;
    while (words_left != 0) {
        unsigned word = (unsigned)__builtin_ctzl(words_left);
        uint64_t bits = __atomic_load_n(&xen_shared->evtchn_pending[word], __ATOMIC_SEQ_CST) &
                        ~xen_shared->evtchn_mask[word];
        for (; bits != 0; bits &= bits - 1) {
            if (taken == max)
                return taken;
            uint32_t port = word * WORD_BITS + (unsigned)__builtin_ctzl(bits);
            if (port == timer_port) {
                clear_bit(xen_shared->evtchn_pending, port);
                xen_alarm_fired();
                continue;
            }
            set_bit(xen_shared->evtchn_mask, port);
            clear_bit(xen_shared->evtchn_pending, port);
            ports[taken++] = port;
        }
        words_left &= words_left - 1;
    }
    return taken;
}

/* A port that was just bound. Xen raises an event there lest one was missed: it is not counted. */
static int opened(long result, uint32_t port)
{
    if (result < 0)
        return (int)result;
    assert(port < EVENTS_MAX);
    clear_bit(xen_shared->evtchn_pending, port);
    events_unmask(port);
    return (int)port;
}

int events_alloc_unbound(uint32_t remote)
{
    struct evtchn_alloc_unbound op = { .dom = DOMID_SELF, .remote_dom = (domid_t)remote };
    long result = xen_event_op(EVTCHNOP_alloc_unbound, &op);
    return opened(result, op.port);
}

int events_bind_interdomain(uint32_t remote, uint32_t remote_port)
{
    struct evtchn_bind_interdomain op = {
        .remote_dom = (domid_t)remote,
        .remote_port = remote_port,
    };
    long result = xen_event_op(EVTCHNOP_bind_interdomain, &op);
    return opened(result, op.local_port);
}

int events_bind_virq(uint32_t virq)
{
    struct evtchn_bind_virq op = { .virq = virq };
    long result = xen_event_op(EVTCHNOP_bind_virq, &op);
    return opened(result, op.port);
}

int events_adopt(uint32_t port)
{
    return port < EVENTS_MAX ? opened(0, port) : -EINVAL;
}

int events_close(uint32_t port)
{
    assert(port < EVENTS_MAX);
    set_bit(xen_shared->evtchn_mask, port);
    struct evtchn_close op = { .port = port };
    int result = (int)xen_event_op(EVTCHNOP_close, &op);
    clear_bit(xen_shared->evtchn_pending, port);
    return result;
}

void events_notify(uint32_t port)
{
    struct evtchn_send op = { .port = port };
    /* A peer that is gone is no error of ours. */
    xen_event_op(EVTCHNOP_send, &op);
}
