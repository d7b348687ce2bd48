/** How full the domain is: what a service asks before it takes on more. */

import type { Kernel } from './kernel.ts';

/** All in bytes; `heapFree` counts large pieces only (HEAP_LARGE of memory/heap.h). */
export interface MemoryFigures {
  readonly total: number;
  readonly heapUsed: number;
  readonly heapFree: number;
  readonly pagesFree: number;
}

/**
 * What is left for requests that must not fail and for telling of those that do. The engine
 * collects its garbage before so little is left (TIGHT_BYTES of host/engine.c).
 */
const RESERVE_BYTES = 384 * 1024;

export interface Room {
  figures(): MemoryFigures;
  /** Whether there is room for more than the domain needs to go on and `bytes` (0). */
  hasRoom(bytes?: number): boolean;
}

export function openRoom(kernel: Pick<Kernel, 'memory'>): Room {
  const at = new Float64Array(4);
  return {
    figures: () => {
      kernel.memory(at);
      const [total = 0, heapUsed = 0, heapFree = 0, pagesFree = 0] = at;
      return { total, heapUsed, heapFree, pagesFree };
    },
    hasRoom: (bytes = 0) => {
      kernel.memory(at);
      return (at[2] as number) + (at[3] as number) >= RESERVE_BYTES + bytes;
    },
  };
}
