/** Arithmetic on free-running u32 ring indices (io/ring.h @ RELEASE-4.17.0). */

export function add32(a: number, b: number): number {
  return (a + b) >>> 0;
}

/** How far `a` is ahead of `b`, modulo 2^32. */
export function sub32(a: number, b: number): number {
  return (a - b) >>> 0;
}
