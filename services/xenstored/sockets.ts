/** Sockets of dom0's tools: whatever has come is handled at once, replies leave in one write. */

import { createDecoder } from '../../shared/xenstore/wire.ts';
import { SOCKET_OUTPUT_MAX } from './core/limits.ts';
import type { Store } from './core/store.ts';
import { SOCKET_READ_BYTES } from './limits.ts';
import type { Stream, StreamOwner } from './stream.ts';
import type { Tap } from './tap.ts';

export interface SocketsHost {
  readonly store: Store;
  readonly tap: Tap;
  /** Lets everybody send who has something to send. */
  flush(): void;
  /** Something waits to be read: events may expire. */
  stuck(): void;
  report(line: string): void;
}

export interface Sockets {
  accept(stream: Stream): StreamOwner;
  /** How many are connected. */
  count(): number;
  closeAll(): void;
}

export function createSockets({ store, tap, flush, stuck, report }: SocketsHost): Sockets {
  const scratch = new Uint8Array(SOCKET_READ_BYTES);
  const open = new Set<() => void>();

  const accept = (stream: Stream): StreamOwner => {
    const connection = store.connect();
    const { output } = connection;
    let wantsRoom = false;

    const drop = (): void => {
      if (!open.delete(drop)) return;
      stream.close();
      store.disconnect(connection);
    };
    open.add(drop);

    const send = (): void => {
      if (!open.has(drop)) return;
      if (connection.ignored) {
        drop();
        return;
      }
      while (output.size() > 0) {
        const bytes = output.peek();
        const count = stream.write(bytes);
        if (count < 0) {
          drop();
          return;
        }
        if (tap.active()) tap.sent(connection, bytes.subarray(0, count));
        output.consume(count);
        if (count === 0) break;
      }
      const full = output.size() > 0;
      if (full !== wantsRoom) stream.wantRoom(full);
      wantsRoom = full;
      if (output.size() > SOCKET_OUTPUT_MAX) {
        report(`socket ${connection.number}: cut off, it does not read`);
        drop();
      } else if (full) stuck();
    };
    connection.wake = send;

    const decoder = createDecoder((type, reqId, txId, bytes, start, end) => {
      if (tap.active()) tap.received(connection, type, reqId, txId, bytes, start, end);
      store.handle(connection, type, reqId, txId, bytes, start, end);
    });

    return {
      readable: () => {
        // A peer that does not read its replies is not asked for more.
        if (wantsRoom && output.size() > SOCKET_READ_BYTES) return;
        const count = stream.read(scratch);
        if (count < 0) drop();
        else if (count > 0 && !decoder.push(scratch.subarray(0, count)).ok) drop();
        if (count !== 0) flush();
      },
      writable: () => {
        send();
        flush();
      },
    };
  };

  return {
    accept,
    count: () => open.size,
    closeAll: () => {
      for (const drop of [...open]) drop();
    },
  };
}
