/* Addresses behind all RAM, where frames of others appear. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The most frames of others that are mapped at a time. */
#define WINDOW_PAGES 16384

void window_init(uintptr_t start);
/*
 * Addresses for `count` frames, mapped there once Xen puts frames behind them; 0 when none is left.
 */
uintptr_t window_take(size_t count, bool readonly);
void window_release(uintptr_t at, size_t count);
/* The word that belongs to an address: the grant handle of what is mapped there. */
uint32_t *window_note(uintptr_t at);
/* Whether any address that is taken has this note. */
bool window_has_note(uint32_t value);
