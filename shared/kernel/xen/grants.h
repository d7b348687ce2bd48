/* Grants, what only the kernel itself uses. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Maps the first frame of our grant table. */
void grants_init(void);

/* An errno for a GNTST_ status. */
int grants_errno(int status);
/* Our own entry for a reference, or NULL if the table does not reach so far. */
struct grant_entry_v1 *grants_entry(uint32_t gref);

/* Maps pages that we offer to ourselves: see loopback.c. */
int loopback_map(const uint32_t *grefs, size_t count, bool readonly, void **at);
bool loopback_unmap(uintptr_t at, size_t count);
