/**
 * `rate=` of a vif: what the guest may send. The node `rate` holds bytes and microseconds, which is
 * how xl writes it (libxl_nic.c @ RELEASE-4.17.0) and Linux's backend reads it
 * (xen_net_read_rate in xenbus.c @ v6.12). What is too much waits in the guest's ring.
 */

import { createRate, RATE_MAX, type Rate, spend, waitMs } from '../../../shared/core/rate.ts';
import { SHAPING_BURST_BYTES } from './limits.ts';
import type { Vif } from './vif.ts';

/** Bytes a second of a node's text; undefined: it is no rate. 0: no limit. */
export function parseShaping(text: string): number | undefined {
  const match = /^([0-9]{1,20}),([0-9]{1,20})$/.exec(text);
  if (match === null) return undefined;
  const [bytes, us] = [Number(match[1]), Number(match[2])];
  if (bytes === 0 || us === 0) return 0;
  const perSecond = Math.ceil((bytes * 1_000_000) / us);
  return perSecond > RATE_MAX ? 0 : perSecond;
}

/** A bucket that is full; undefined: no limit. */
export function createShaping(bytesPerSecond: number, nowMs: number): Rate | undefined {
  // Never less than a second's hundredth, so that a coarse clock loses nothing.
  const burst = { ms: 10, bytes: SHAPING_BURST_BYTES };
  return createRate({ bytes: bytesPerSecond, operations: 0 }, burst, nowMs);
}

/** Whether the guest has sent more than its rate lets it: a packet may leave it in debt. */
export function isHeld(vif: Vif): boolean {
  if (vif.rate === undefined) return false;
  vif.heldMs = waitMs(vif.rate, 1);
  return vif.heldMs > 0;
}

/** A packet of so many bytes was taken. */
export function pay({ rate }: Vif, bytes: number): void {
  if (rate !== undefined) spend(rate, bytes);
}
