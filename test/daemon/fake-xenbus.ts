/**
 * Linux's /dev/xen/xenbus in this process, with a store of ours behind it: one packet per write,
 * in a buffer of 4096 bytes; what follows a whole packet in a write is lost.
 */

import { attach } from '../../services/xenstored/attach.ts';
import { createStore, type Store } from '../../services/xenstored/core/store.ts';
import { createSimpleHost } from '../../services/xenstored/simple-host.ts';
import type { XenbusFile } from '../../shared/platform/unix/xenbus-device.ts';

const BUFFER = 4096;
const HEADER = 16;

export interface FakeXenbus {
  readonly file: XenbusFile;
  readonly store: Store;
  /** Bytes of each write. */
  readonly writes: number[];
  isOpen(): boolean;
  /** As if the kernel's connection had ended. */
  breakDown(): void;
}

/** What the kernel holds of a packet that comes in parts; `whole` gets it in the end. */
function createBuffer(whole: (packet: Uint8Array) => void): XenbusFile['write'] {
  const partial = new Uint8Array(BUFFER);
  let held = 0;
  return (packet) => {
    if (held + packet.length > BUFFER) {
      held = 0;
      return 'EINVAL';
    }
    partial.set(packet, held);
    held += packet.length;
    if (held < HEADER) return undefined;
    const size = HEADER + new DataView(partial.buffer).getUint32(12, true);
    if (size <= BUFFER && held < size) return undefined;
    held = 0;
    if (size > BUFFER) return 'E2BIG';
    const head = partial.slice(0, HEADER);
    // The payload is taken from the buffer when the kernel's thread gets to it.
    setImmediate(() => {
      const sent = partial.slice(0, size);
      sent.set(head);
      whole(sent);
    });
    return undefined;
  };
}

/** `readBytes`: no read gives more. */
export function fakeXenbus(readBytes = Number.POSITIVE_INFINITY): FakeXenbus {
  const store = createStore({ host: createSimpleHost() });
  const writes: number[] = [];
  let queue: Uint8Array[] = [];
  let readable = (): void => {};
  let open = true;
  let broken = false;
  let toStore = (_bytes: Uint8Array): void => {};
  const wake = (): void => void setImmediate(() => open && readable());
  const write = (bytes: Uint8Array): void => {
    queue.push(bytes.slice());
    wake();
  };
  const receive = (onData: (bytes: Uint8Array) => void): void => {
    toStore = onData;
  };
  attach(store, { write, receive, close: () => {} }, 'socket');
  const buffer = createBuffer((packet) => toStore(packet));
  const file: XenbusFile = {
    write: (packet) => {
      writes.push(packet.length);
      return buffer(packet);
    },
    read: (into) => {
      if (broken) return -1;
      const first = queue[0];
      if (first === undefined) return 0;
      const count = Math.min(first.length, into.length, readBytes);
      into.set(first.subarray(0, count));
      queue = count === first.length ? queue.slice(1) : [first.subarray(count), ...queue.slice(1)];
      return count;
    },
    listen: (then) => {
      readable = then;
    },
    close: () => {
      open = false;
    },
  };
  const breakDown = (): void => {
    broken = true;
    wake();
  };
  return { file, store, writes, isOpen: () => open, breakDown };
}
