/* Typed hypercalls: what the kernel asks of Xen. */

#include <stdbool.h>
#include <string.h>

#include "../cpu/cpu.h"
#include "../include/kernel.h"
#include "../memory/window.h"
#include "xen.h"
#include <xen/arch-x86/cpuid.h>
#include <xen/hvm/hvm_op.h>
#include <xen/version.h>

/* Other hypervisors' leaves may come first. */
#define LEAF_FIRST 0x40000000u
#define LEAF_LAST 0x40010000u
#define LEAF_STEP 0x100u

struct shared_info *xen_shared;
static bool present;
static uint32_t domid = DOMID_SELF;

bool xen_detect(void)
{
    for (uint32_t leaf = LEAF_FIRST; leaf < LEAF_LAST && !present; leaf += LEAF_STEP) {
        struct cpuid r = cpuid(leaf, 0);
        present = r.ebx == XEN_CPUID_SIGNATURE_EBX && r.ecx == XEN_CPUID_SIGNATURE_ECX &&
                  r.edx == XEN_CPUID_SIGNATURE_EDX;
        if (!present || r.eax < leaf + 4)
            continue;
        r = cpuid(leaf + 4, 0);
        if (r.eax & XEN_HVM_CPUID_DOMID_PRESENT)
            domid = r.ecx;
    }
    struct cpuid vendor = cpuid(0, 0);
    bool amd = vendor.ebx == 0x68747541;   /* "Auth" of AuthenticAMD */
    bool hygon = vendor.ebx == 0x6f677948; /* "Hygo" of HygonGenuine */
    hypercall_use_vmmcall = amd || hygon;
    return present;
}

bool kernel_has_xen(void)
{
    return present;
}

uint32_t kernel_domid(void)
{
    return domid;
}

long kernel_hypercall(uint32_t number, uint64_t a, uint64_t b, uint64_t c, uint64_t d)
{
    return present ? raw_hypercall5(number, a, b, c, d, 0) : -ENOSYS;
}

long xen_memory_op(unsigned op, void *argument)
{
    return raw_hypercall2(__HYPERVISOR_memory_op, op, (uintptr_t)argument);
}

long xen_add_to_physmap(unsigned space, uint64_t index, uintptr_t at)
{
    struct xen_add_to_physmap op = {
        .domid = DOMID_SELF,
        .space = space,
        .idx = index,
        .gpfn = at / PAGE_SIZE,
    };
    return xen_memory_op(XENMEM_add_to_physmap, &op);
}

long xen_remove_from_physmap(uintptr_t at)
{
    struct xen_remove_from_physmap op = { .domid = DOMID_SELF, .gpfn = at / PAGE_SIZE };
    return xen_memory_op(XENMEM_remove_from_physmap, &op);
}

long xen_memory_map(void *map, unsigned max)
{
    struct xen_memory_map op = { .nr_entries = max };
    set_xen_guest_handle_raw(op.buffer, map);
    long result = present ? xen_memory_op(XENMEM_memory_map, &op) : -ENOSYS;
    return result < 0 ? result : (long)op.nr_entries;
}

long xen_current_reservation(void)
{
    domid_t self = DOMID_SELF;
    return xen_memory_op(XENMEM_current_reservation, &self);
}

long xen_event_op(unsigned op, void *argument)
{
    if (!present)
        return -ENOSYS;
    return raw_hypercall2(__HYPERVISOR_event_channel_op, op, (uintptr_t)argument);
}

long xen_grant_op(unsigned op, void *batch, unsigned count)
{
    if (!present)
        return -ENOSYS;
    return raw_hypercall3(__HYPERVISOR_grant_table_op, op, (uintptr_t)batch, count);
}

long xen_hvm_param(unsigned index, uint64_t *value)
{
    struct xen_hvm_param op = { .domid = DOMID_SELF, .index = index };
    long result = raw_hypercall2(__HYPERVISOR_hvm_op, HVMOP_get_param, (uintptr_t)&op);
    *value = op.value;
    return result;
}

long xen_set_hvm_param(unsigned index, uint64_t value)
{
    struct xen_hvm_param op = { .domid = DOMID_SELF, .index = index, .value = value };
    return raw_hypercall2(__HYPERVISOR_hvm_op, HVMOP_set_param, (uintptr_t)&op);
}

long xen_vcpu_op(unsigned op, void *argument)
{
    return raw_hypercall3(__HYPERVISOR_vcpu_op, op, 0, (uintptr_t)argument);
}

long xen_shutdown(unsigned reason)
{
    struct sched_shutdown op = { .reason = reason };
    return raw_hypercall2(__HYPERVISOR_sched_op, SCHEDOP_shutdown, (uintptr_t)&op);
}

long xen_domain_handle(uint8_t handle[16])
{
    if (!present)
        return -ENOSYS;
    return raw_hypercall2(__HYPERVISOR_xen_version, XENVER_guest_handle, (uintptr_t)handle);
}

void xen_init(void)
{
    uintptr_t at = window_take(1, false);
    long result = at == 0 ? -ENOMEM : xen_add_to_physmap(XENMAPSPACE_shared_info, 0, at);
    if (result < 0)
        panic("cannot map the page shared with Xen: error %ld", -result);
    xen_shared = (struct shared_info *)at;
}
