/** A vchan's end with its pages and its port, until it is released. */

import type { Port } from '../core/ids.ts';
import type { Events } from '../platform/events.ts';
import type { Grants } from '../platform/grants.ts';
import { LEFT, type VchanEnd } from './end.ts';

export interface VchanPorts {
  readonly events: Events;
  readonly grants: Grants;
}

export interface OpenedVchan {
  readonly end: VchanEnd;
  /** Ours. */
  readonly port: Port;
  /** Says that we leave, lets go of all pages and closes the port. Once. */
  release(): void;
}

/**
 * The order of an end: first the live byte, so that the other end writes no more into pages that
 * we let go of (libxenvchan_close does it after them), then the pages, then the event.
 */
export function releaseIn(
  { events }: VchanPorts,
  end: VchanEnd,
  port: Port,
  letGo: readonly (() => void)[],
): () => void {
  return () => {
    Atomics.store(end.control.bytes, end.ownLive, LEFT);
    for (const one of letGo) one();
    events.notify(port);
    events.close(port);
  };
}
