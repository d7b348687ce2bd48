/**
 * Sockets of dom0's tools: whatever one has sent is handled at once, its replies leave in one
 * write. Each is answered before the next is heard: a client reads while others are served.
 */

import { createDecoder } from '../../shared/xenstore/wire.ts';
import { consumeOutput } from './core/output.ts';
import type { Store } from './core/store.ts';
import { frontOf, frontSize } from './core/unread.ts';
import { SOCKET_READ_BYTES, SOCKET_UNREAD_MAX } from './limits.ts';
import type { Stream, StreamOwner } from './stream.ts';
import type { Tap } from './tap.ts';

export interface SocketsHost {
  readonly store: Store;
  readonly tap: Tap;
  /** What comes now is handled together, as if at one time. */
  begin(): void;
  /** Lets everybody send who has something to send. */
  flush(): void;
}

export interface Sockets {
  accept(stream: Stream): StreamOwner;
  /** How many are connected. */
  count(): number;
  closeAll(): void;
}

interface State extends SocketsHost {
  /** Every socket is read into this; what of it is no whole packet, its decoder keeps. */
  readonly scratch: Uint8Array;
  /** How to drop each connected socket. */
  readonly open: Set<() => void>;
}

function accept({ store, tap, begin, flush, scratch, open }: State, stream: Stream): StreamOwner {
  const connection = store.connect();
  const { output } = connection;
  let isOpen = true;
  let wantsInput = true;
  let wantsRoom = false;
  /** Its framing is lost: what came before is still answered, and nothing after it heard. */
  let isBroken = false;

  const drop = (): void => {
    if (!isOpen) return;
    isOpen = false;
    open.delete(drop);
    stream.close();
    store.disconnect(connection);
  };
  open.add(drop);

  const want = (): void => {
    const unread = output.size;
    const input = !isBroken && unread < SOCKET_UNREAD_MAX;
    const room = unread > 0;
    if (input === wantsInput && room === wantsRoom) return;
    wantsInput = input;
    wantsRoom = room;
    stream.want(input, room);
  };

  const send = (): void => {
    if (!isOpen) return;
    if (connection.ignored) drop();
    for (let size = frontSize(output); isOpen && size > 0; size = frontSize(output)) {
      const bytes = frontOf(output);
      const count = stream.write(bytes, size);
      if (count < 0) drop();
      if (count <= 0) break;
      if (tap.isActive) tap.sent(connection, bytes.subarray(0, count));
      consumeOutput(output, count);
    }
    if (isBroken && output.size === 0) drop();
    else if (isOpen) want();
  };
  connection.wake = send;

  const decoder = createDecoder((type, reqId, txId, bytes, start, end) => {
    if (tap.isActive) tap.received(connection, type, bytes, start, end);
    store.handle(connection, type, reqId, txId, bytes, start, end);
  });

  return {
    readable: () => {
      begin();
      const count = stream.read(scratch);
      if (count === 0) return;
      if (count < 0) drop();
      else if (!decoder.push(scratch, count).ok) {
        isBroken = true;
        send();
      }
      flush();
    },
    writable: () => {
      send();
      flush();
    },
  };
}

export function createSockets(host: SocketsHost): Sockets {
  const open = new Set<() => void>();
  const scratch = new Uint8Array(SOCKET_READ_BYTES);
  const state: State = { ...host, scratch, open };
  return {
    accept: (stream) => accept(state, stream),
    count: () => open.size,
    closeAll: () => {
      for (const drop of [...open]) drop();
    },
  };
}
