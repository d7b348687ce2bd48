/* What kernel code needs when it runs as a program of this machine. */
#ifndef SUPPORT_H
#define SUPPORT_H

#include "../../../shared/kernel/include/kernel.h"

#define CHECK(condition)                                                  \
    do {                                                                  \
        if (!(condition))                                                 \
            panic("%s:%d: %s", __FILE_NAME__, __LINE__, #condition);      \
    } while (0)

/* Numbers that a seed decides. */
void seed(uint64_t value);
uint32_t draw(uint32_t below);

/* Memory of whole pages. */
uintptr_t arena(size_t pages);

#endif
