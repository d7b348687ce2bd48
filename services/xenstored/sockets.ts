/** Sockets of dom0's tools: whatever has come is handled at once, replies leave in one write. */

import type { Clock } from '../../shared/platform/clock.ts';
import { createDecoder } from '../../shared/xenstore/wire.ts';
import { SOCKET_OUTPUT_MAX } from './core/limits.ts';
import type { Store } from './core/store.ts';
import { SOCKET_READ_BYTES, SOCKET_UNREAD_MAX, TOGETHER_MS } from './limits.ts';
import type { Stream, StreamOwner } from './stream.ts';
import type { Tap } from './tap.ts';

export interface SocketsHost {
  readonly store: Store;
  readonly tap: Tap;
  readonly clock: Pick<Clock, 'nowMs'>;
  /** Lets everybody send who has something to send. */
  flush(): void;
  /** Calls `run` once, after all that is ready now was served. */
  soon(run: () => void): void;
  report(line: string): void;
}

export interface Sockets {
  accept(stream: Stream): StreamOwner;
  /** How many are connected. */
  count(): number;
  closeAll(): void;
}

/**
 * When to send. A single request is answered at once. Where several sockets speak at a time, all
 * are heard before any is answered: a client that is awake already is not woken by each answer.
 */
interface Rhythm {
  /** `who` was heard at this time. */
  heard(who: object, nowMs: number): void;
}

function createRhythm(flush: () => void, soon: (run: () => void) => void): Rhythm {
  let last: object | undefined;
  let lastMs = Number.NEGATIVE_INFINITY;
  let together = false;
  let waiting = 0;
  const answer = (): void => {
    together = waiting > 1;
    waiting = 0;
    flush();
  };
  return {
    heard: (who, nowMs) => {
      if (who !== last && nowMs - lastMs < TOGETHER_MS) together = true;
      last = who;
      lastMs = nowMs;
      if (!together) flush();
      else if (waiting++ === 0) soon(answer);
    },
  };
}

interface State extends SocketsHost {
  readonly rhythm: Rhythm;
  /** Every socket is read into this; what of it is no whole packet, its decoder keeps. */
  readonly scratch: Uint8Array;
  /** How to drop each connected socket. */
  readonly open: Set<() => void>;
}

function accept(
  { store, tap, clock, flush, report, scratch, open, rhythm }: State,
  stream: Stream,
): StreamOwner {
  const connection = store.connect();
  const { output } = connection;
  let wantsInput = true;
  let wantsRoom = false;

  const drop = (): void => {
    if (!open.delete(drop)) return;
    stream.close();
    store.disconnect(connection);
  };
  open.add(drop);

  const want = (): void => {
    const unread = output.size();
    const input = unread < SOCKET_UNREAD_MAX;
    const room = unread > 0;
    if (input === wantsInput && room === wantsRoom) return;
    wantsInput = input;
    wantsRoom = room;
    stream.want(input, room);
  };

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
      if (count === 0) break;
      if (tap.active()) tap.sent(connection, bytes.subarray(0, count));
      output.consume(count);
    }
    want();
    if (output.size() <= SOCKET_OUTPUT_MAX) return;
    report(`socket ${connection.number}: cut off, it does not read`);
    drop();
  };
  connection.wake = send;

  const decoder = createDecoder((type, reqId, txId, bytes, start, end) => {
    if (tap.active()) tap.received(connection, type, bytes, start, end);
    store.handle(connection, type, reqId, txId, bytes, start, end);
  });

  return {
    readable: () => {
      store.state.nowMs = clock.nowMs();
      const count = stream.read(scratch);
      if (count === 0) return;
      if (count < 0 || !decoder.push(scratch.subarray(0, count)).ok) drop();
      rhythm.heard(stream, store.state.nowMs);
    },
    writable: () => {
      send();
      flush();
    },
  };
}

export function createSockets(host: SocketsHost): Sockets {
  const open = new Set<() => void>();
  const rhythm = createRhythm(host.flush, host.soon);
  const scratch = new Uint8Array(SOCKET_READ_BYTES);
  const state: State = { ...host, rhythm, scratch, open };
  return {
    accept: (stream) => accept(state, stream),
    count: () => open.size,
    closeAll: () => {
      for (const drop of [...open]) drop();
    },
  };
}
