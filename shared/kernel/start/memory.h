/* Hands memory out at the start: what is RAM, what is taken, and where frames of others appear. */
#pragma once

#include "boot-info.h"

/* Sets up pages, page tables, heap and window. Ends the domain if there is too little. */
void memory_init(const struct boot_info *info);
