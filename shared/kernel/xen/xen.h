/*
 * Typed hypercalls: what the kernel asks of Xen. All give 0 or more, or a negative errno of Xen's.
 */
#pragma once

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>

#include "hypercall.h"
#include <xen/event_channel.h>
#include <xen/grant_table.h>
#include <xen/hvm/params.h>
#include <xen/memory.h>
#include <xen/sched.h>
#include <xen/vcpu.h>

/* Looks for Xen by CPUID and notes how to enter it. false: this is no Xen guest. */
bool xen_detect(void);

long xen_add_to_physmap(unsigned space, uint64_t index, uintptr_t at);
long xen_remove_from_physmap(uintptr_t at);
/* Entries of the domain's memory map; `map` has room for `max`. */
long xen_memory_map(void *map, unsigned max);
/* Pages that the domain has now. */
long xen_current_reservation(void);
long xen_event_op(unsigned op, void *argument);
long xen_grant_op(unsigned op, void *batch, unsigned count);
long xen_memory_op(unsigned op, void *argument);
long xen_hvm_param(unsigned index, uint64_t *value);
long xen_set_hvm_param(unsigned index, uint64_t value);
long xen_shutdown(unsigned reason);
/* Of our one vCPU. */
long xen_vcpu_op(unsigned op, void *argument);
/*
 * Sends the events that are owed and sleeps until one is pending, system time reaches `deadline` in
 * ns (0 is never), or a while has passed.
 */
void xen_sleep(uint64_t deadline);
/* The timer has fired that ends sleeps after a while. */
void xen_alarm_fired(void);
/* The domain's UUID. */
long xen_domain_handle(uint8_t handle[16]);

/* The page that Xen and we share; NULL without Xen. */
extern struct shared_info *xen_shared;
/* Maps the shared page. After window_init. */
void xen_init(void);
