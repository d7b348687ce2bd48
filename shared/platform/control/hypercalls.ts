/**
 * What a platform lends to domain control: hypercalls, and memory that the hypervisor can reach.
 */

import type { Result } from '../../core/result.ts';

export interface LentPages {
  readonly bytes: Uint8Array;
  /** What the hypervisor takes as their address. */
  readonly address: number;
  giveBack(): void;
}

/**
 * Arguments are written to `args` (a page), what they point to into `data`; both are one set for
 * all calls, so a caller fills them, calls, and reads the outcome without a pause.
 */
export interface Hypercalls {
  readonly args: Uint8Array;
  readonly argsAddress: number;
  readonly data: Uint8Array;
  readonly dataAddress: number;
  /** Hypercalls of one and of two arguments: what Xen returns, or a negative errno. */
  call1(op: number, arg: number): number;
  call2(op: number, cmd: number, arg: number): number;
  /** Zeroed pages for as long as a call takes. */
  lendPages(count: number): Result<LentPages>;
}
