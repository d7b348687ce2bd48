/** What lies behind network back ends: a TAP of dom0's, or a front end of a stub domain's own. */

import type { Region } from './region.ts';

/**
 * In front of every frame that passes a link lies a `virtio_net_hdr`, little endian: flags u8,
 * gso_type u8, hdr_len u16, gso_size u16, csum_start u16, csum_offset u16 (linux/virtio_net.h). All
 * zero: a frame without offloads.
 */
export const NET_HEADER_BYTES = 10;

export interface NetLink {
  /** Six bytes. */
  readonly mac: Uint8Array;
  readonly mtu: number;
  readonly queues: number;
  /**
   * Sends the header and frame in `bytes` bytes at `at`; false: there is no room, and the caller
   * drops it. The memory is the caller's again after `submit`.
   */
  tx(queue: number, region: Region, at: number, bytes: number): boolean;
  /**
   * Receives up to `max` frames; frame i with its header is put at `at + i * slotBytes`, and how
   * many bytes it has into `lengths`; how many there were.
   */
  rx(
    queue: number,
    region: Region,
    at: number,
    slotBytes: number,
    lengths: Uint32Array,
    max: number,
  ): number;
  /** Calls `then` once, as soon as `rx` has something. */
  want(queue: number, then: () => void): void;
  /** Begins what was asked for since the last time. */
  submit(): void;
  close(): void;
}
