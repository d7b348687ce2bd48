/* What the domain's builder tells by HVM parameters, and the pages that they name. */

#include "../include/kernel.h"
#include "../memory/paging.h"
#include "xen.h"

int64_t domain_parameter(uint32_t index)
{
    uint64_t value = 0;
    if (!kernel_has_xen())
        return -ENOSYS;
    long result = xen_hvm_param(index, &value);
    return result < 0 ? result : (int64_t)value;
}

int domain_page(uint32_t index, void **at)
{
    int64_t frame = domain_parameter(index);
    if (frame <= 0)
        return frame < 0 ? (int)frame : -ENOENT;
    uintptr_t page = (uintptr_t)frame * PAGE_SIZE;
    if (!paging_map(page, 1, PAGE_WRITE | PAGE_NO_EXECUTE))
        return -ENOMEM;
    *at = (void *)page;
    return 0;
}
