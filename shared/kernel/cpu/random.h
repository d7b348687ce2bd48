/* Random bytes, what only the kernel and its tests use. */
#pragma once

#include <stdint.h>

/* Draws the first key. After the clock is there. */
void random_init(void);
/* RFC 8439, 2.3: sixteen words of state in, sixteen words of key stream out. */
void chacha20_block(const uint32_t input[16], uint32_t output[16]);
