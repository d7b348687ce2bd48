/* Raw hypercalls: numbers and words, as Xen takes them (arch-x86/xen-x86_64.h @ RELEASE-4.17.0). */
#pragma once

#include <stdint.h>

#define __XEN_INTERFACE_VERSION__ 0x00040d00
#include <xen/xen.h>

/* Makes a hypercall with interrupts on: for the one that sleeps. */
void sleep_in_hypercall(uint64_t number, uint64_t a, uint64_t b);
/* Whether Xen is entered by AMD's instruction instead of Intel's. */
extern uint8_t hypercall_use_vmmcall;

static inline long raw_hypercall5(uint32_t number, uint64_t a, uint64_t b, uint64_t c, uint64_t d,
                                  uint64_t e)
{
    register uint64_t r10 __asm__("r10") = d;
    register uint64_t r8 __asm__("r8") = e;
    long result = number;
    __asm__ volatile("call hypercall_entry"
                     : "+a"(result), "+D"(a), "+S"(b), "+d"(c), "+r"(r10), "+r"(r8)
                     :
                     : "memory");
    return result;
}

static inline long raw_hypercall2(uint32_t number, uint64_t a, uint64_t b)
{
    return raw_hypercall5(number, a, b, 0, 0, 0);
}

static inline long raw_hypercall3(uint32_t number, uint64_t a, uint64_t b, uint64_t c)
{
    return raw_hypercall5(number, a, b, c, 0, 0);
}
