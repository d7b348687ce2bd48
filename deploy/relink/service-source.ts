/**
 * The C source that ties a service to the kernel: `struct service` and the bytes that go with it.
 */

import type { Manifest } from './manifest.ts';

export interface ServiceParts {
  readonly manifest: Manifest;
  /** What --config names, or an empty text. */
  readonly config: string;
  /** Names of files beside the source. */
  readonly bytecode: string;
  readonly positions: string;
}

/** A C string of a text's UTF-8 bytes, in pieces of a line each. */
export function cString(text: string): string {
  const bytes = new TextEncoder().encode(text);
  const pieces: string[] = [];
  for (let at = 0; at < bytes.length; at += 20) {
    const codes = Array.from(bytes.slice(at, at + 20), (byte) => byte.toString(8).padStart(3, '0'));
    pieces.push(`"\\${codes.join('\\')}"`);
  }
  return pieces.length === 0 ? '""' : pieces.join('\n    ');
}

/**
 * The source. A note of type 1 named `xtl` carries the manifest, for whoever looks at the image.
 */
export function serviceSource(parts: ServiceParts): string {
  const manifest = JSON.stringify(parts.manifest);
  const size = new TextEncoder().encode(manifest).length;
  return `#include "kernel.h"

extern const uint8_t positions[], positions_end[];

/* Positions must be known by address and size; the size by the linker alone. */
__asm__(".section .rodata.positions, \\"a\\"\\n"
        ".globl positions, positions_end\\n"
        "positions: .incbin \\"${parts.positions}\\"\\n"
        "positions_end:\\n"
        ".section .program, \\"aw\\"\\n"
        ".incbin \\"${parts.bytecode}\\"\\n"
        ".previous");

static const struct {
    uint32_t name_size, size, type;
    char name[4], manifest[${size + 1}];
} note __attribute__((used, section(".note.xtl"), aligned(4))) = {
    4, ${size + 1}, 1, "xtl",
    ${cString(manifest)}
};

const struct service service = {
    .name = "${parts.manifest.service}",
    .manifest = note.manifest,
    .config =
    ${cString(parts.config)},
    .memory_kib = ${parts.manifest.memoryKib},
    .positions = positions,
    .positions_end = positions_end,
};
`;
}
