/*
 * Random bytes: ChaCha20 (RFC 8439) under a key that each request replaces. The key comes from the
 * processor's generator, from the domain's UUID, which the toolstack draws, and from its clocks.
 */

#include "random.h"

#include <string.h>

#include "../include/kernel.h"
#include "../xen/xen.h"
#include "cpu.h"

#define CPUID_RDRAND (1u << 30)
#define RDRAND_TRIES 10

static uint32_t state[16];

static uint32_t rotate(uint32_t word, int by)
{
    return word << by | word >> (32 - by);
}

static void quarter(uint32_t *x, int a, int b, int c, int d)
{
    x[a] += x[b], x[d] = rotate(x[d] ^ x[a], 16);
    x[c] += x[d], x[b] = rotate(x[b] ^ x[c], 12);
    x[a] += x[b], x[d] = rotate(x[d] ^ x[a], 8);
    x[c] += x[d], x[b] = rotate(x[b] ^ x[c], 7);
}

void chacha20_block(const uint32_t input[16], uint32_t output[16])
{
    uint32_t x[16];
    memcpy(x, input, sizeof x);
    for (int round = 0; round < 10; round++) {
        for (int i = 0; i < 4; i++)
            quarter(x, i, i + 4, i + 8, i + 12);
        for (int i = 0; i < 4; i++)
            quarter(x, i, 4 + (i + 1) % 4, 8 + (i + 2) % 4, 12 + (i + 3) % 4);
    }
    for (int i = 0; i < 16; i++)
        output[i] = x[i] + input[i];
}

static void next(uint32_t block[16])
{
    chacha20_block(state, block);
    if (++state[12] == 0)
        state[13]++;
}

static bool rdrand(uint64_t *value)
{
    for (int i = 0; i < RDRAND_TRIES; i++) {
        bool good;
        __asm__ volatile("rdrand %0" : "=r"(*value), "=@ccc"(good));
        if (good)
            return true;
    }
    return false;
}

/* Turns what was stirred in over into a new key. */
static void rekey(void)
{
    uint32_t block[16];
    next(block);
    memcpy(&state[4], block, 32);
    memset(block, 0, sizeof block);
}

static void stir(uint64_t word)
{
    state[4] ^= (uint32_t)word;
    state[5] ^= (uint32_t)(word >> 32);
    rekey();
}

void random_init(void)
{
    static const uint32_t constants[4] = { 0x61707865, 0x3320646e, 0x79622d32, 0x6b206574 };
    memcpy(state, constants, sizeof constants);
    uint8_t handle[16] = { 0 };
    xen_domain_handle(handle);
    memcpy(&state[8], handle, sizeof handle);
    stir(clock_now());
    stir(clock_wall());
    bool has_rdrand = cpuid(1, 0).ecx & CPUID_RDRAND;
    for (int i = 0; i < 8; i++) {
        uint64_t word = 0;
        if (has_rdrand && !rdrand(&word))
            has_rdrand = false;
        stir(word ^ rdtsc());
    }
    if (!has_rdrand)
        console_printf("%s: no random generator in this processor: secrets are weak", service.name);
}

void random_bytes(void *into, size_t size)
{
    uint8_t *at = into;
    while (size > 0) {
        uint32_t block[16];
        next(block);
        size_t some = size < sizeof block ? size : sizeof block;
        memcpy(at, block, some);
        at += some;
        size -= some;
    }
    rekey();
}
