/** A link in memory: what comes in waits here, what goes out is kept. */

import { assert } from '../../../shared/core/assert.ts';
import { NET_HEADER_BYTES, type NetLink } from '../../../shared/platform/net-io.ts';
import type { Region } from '../../../shared/platform/region.ts';
import { mayDie } from './pages.ts';

/** Headers and frames. */
export interface MemoryLink extends NetLink {
  /** By queue; what comes in is told of. */
  readonly incoming: Uint8Array[][];
  readonly sent: Uint8Array[];
  /** How many it takes until it has no more room. */
  room: number;
  receive(frame: Uint8Array, queue?: number): void;
  /** Whoever used it is dead: what it had not begun is lost, and nobody is told any more. */
  abandon(): void;
}

/** A header of zeros in front: a frame without offloads. */
export function plain(frame: ArrayLike<number>): Uint8Array {
  const all = new Uint8Array(NET_HEADER_BYTES + frame.length);
  all.set(frame, NET_HEADER_BYTES);
  return all;
}

interface Pending {
  readonly region: Region;
  readonly at: number;
  readonly bytes: number;
}

export function createMemoryLink(queues = 1): MemoryLink {
  const waiting: ((() => void) | undefined)[] = [];
  const pending: Pending[] = [];
  const link: MemoryLink = {
    ...{ mac: Uint8Array.of(0xfe, 255, 255, 255, 255, 255), mtu: 1500, queues },
    incoming: Array.from({ length: queues }, () => []),
    sent: [],
    room: Number.POSITIVE_INFINITY,
    tx: (queue, region, at, bytes) => {
      assert(queue >= 0 && queue < queues, `queue ${queue} of a link with ${queues}`);
      assert(at >= 0 && at + bytes <= region.bytes.length, 'a frame outside its memory');
      if (pending.length + link.sent.length >= link.room) return false;
      mayDie();
      pending.push({ region, at, bytes });
      return true;
    },
    rx: (queue, region, at, slotBytes, lengths, max) => {
      const frames = (link.incoming[queue] as Uint8Array[]).splice(0, max);
      for (const [i, frame] of frames.entries()) {
        region.bytes.set(frame.subarray(0, slotBytes), at + i * slotBytes);
        lengths[i] = frame.length;
      }
      return frames.length;
    },
    want: (queue, then) => {
      if ((link.incoming[queue] as Uint8Array[]).length > 0) then();
      else waiting[queue] = then;
    },
    receive: (frame, queue = 0) => {
      (link.incoming[queue] as Uint8Array[]).push(frame);
      const then = waiting[queue];
      waiting[queue] = undefined;
      then?.();
    },
    abandon: () => {
      pending.length = 0;
      waiting.fill(undefined);
    },
    // Until then the memory is as it was.
    submit: () => {
      mayDie();
      for (const { region, at, bytes } of pending.splice(0)) {
        link.sent.push(region.bytes.slice(at, at + bytes));
      }
    },
    close: () => {},
  };
  return link;
}
