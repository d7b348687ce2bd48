/**
 * The kernel's functions, as scripts in a stub domain see them (shared/kernel/include/kernel.h).
 */

import type * as bytes from '../../core/bytes.ts';
import type * as ringMoves from '../../core/ring-moves.ts';

/** A number that is not negative, or a negative errno of Xen's. */
export type Status = number;

export interface Kernel {
  /** One line on the console. */
  print(text: string): void;
  /** Milliseconds since some start; never goes back. */
  now(): number;
  /** Milliseconds since 1970-01-01 UTC. */
  wall(): number;
  random(into: Uint8Array): void;
  /** SHUTDOWN_*; does not come back. */
  shutdown(reason: number): never;
  /** Any hypercall; pointers are addresses of buffers. */
  hypercall(number: number, a: number, b?: number, c?: number, d?: number): number;
  /** Total memory, the heap's used and free bytes, free pages; all in bytes. */
  memory(figures: Float64Array): void;

  /** Zeroed pages. */
  pages(count: number): ArrayBuffer | Status;
  freePages(buffer: ArrayBuffer): void;
  /** Where a buffer of pages or a mapping lies: the same for Xen as for us. */
  address(buffer: ArrayBuffer): number;
  mapForeign(domid: number, frames: Float64Array): ArrayBuffer | Status;
  mapResource(
    domid: number,
    type: number,
    id: number,
    frame: number,
    count: number,
  ): ArrayBuffer | Status;
  unmapForeign(buffer: ArrayBuffer): void;
  /** What the domain's builder has set (HVM_PARAM_*); 0 where it has not. */
  parameter(index: number): number;
  /** The page whose frame a parameter names. It stays for the domain's life. */
  domainPage(index: number): ArrayBuffer | Status;

  allocUnbound(remote: number): Status;
  bindInterdomain(remote: number, port: number): Status;
  bindVirq(virq: number): Status;
  /** Takes over a port that the domain was created with. */
  adopt(port: number): Status;
  close(port: number): Status;
  /** At the end of the turn at the latest; once, however often it was asked for. */
  notify(port: number): void;
  unmask(port: number): void;
  /**
   * From now on `turn(count)` is called whenever something happened and no promise is left to
   * settle: the first `count` of `ports` have events. It gives the time of its next call at the
   * latest, Infinity for none, or a negative number at the end of the service.
   */
  loop(turn: (count: number) => number): void;
  readonly ports: Uint32Array;

  /** A page for each reference; the references are written to `grefs`. */
  grantOffer(remote: number, readonly: boolean, grefs: Uint32Array): ArrayBuffer | Status;
  grantRevoke(buffer: ArrayBuffer, grefs: Uint32Array): void;
  grantMap(owner: number, readonly: boolean, grefs: Uint32Array): ArrayBuffer | Status;
  grantUnmap(buffer: ArrayBuffer): void;

  /** What stands for core/bytes.ts. */
  readonly bytes: typeof bytes;
  /** What stands for core/ring-moves.ts. */
  readonly ringMoves: Pick<typeof ringMoves, 'peekRing' | 'takeRing' | 'writeRing'>;

  /** What was linked in, and what the domain's builder said. */
  readonly service: string;
  readonly manifest: string;
  readonly config: string;
  readonly commandLine: string;
  readonly domid: number;
  readonly modules: readonly { readonly name: string; readonly bytes: ArrayBuffer }[];
}

/** The kernel that runs us. Nowhere else is there one. */
export function thisKernel(): Kernel {
  return (globalThis as typeof globalThis & { readonly host: Kernel }).host;
}
