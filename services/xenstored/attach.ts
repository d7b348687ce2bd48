/** Connects a store to the other end of a byte stream: a socket, or a pipe of the simulator. */

import type { XenstoreTransport } from '../../shared/platform/xenstore.ts';
import { createDecoder } from '../../shared/xenstore/wire.ts';
import type { Connection } from './core/connection.ts';
import { consumeOutput } from './core/output.ts';
import type { Store } from './core/store.ts';
import { peekOutput } from './core/unread.ts';

/** Who is at the other end: a tool in dom0, or the guest with that number. */
export type ConnectionKind = 'socket' | { readonly domid: number };

export interface Attached {
  readonly connection: Connection;
  /** Ends the connection from this side. A guest's domain is released, its nodes with it. */
  close(): void;
}

/**
 * Serves `store` to whoever is behind `transport`; a guest is introduced by it. Every chunk is
 * handled whole when it comes, and all connections that it stirred are flushed.
 */
export function attach(store: Store, transport: XenstoreTransport, kind: ConnectionKind): Attached {
  const connection = kind === 'socket' ? store.connect() : store.introduce(kind.domid);
  let open = true;

  const gone = (): void => {
    if (!open) return;
    open = false;
    if (kind === 'socket' || connection.domain?.connection !== connection) {
      store.disconnect(connection);
    } else store.release(kind.domid);
    store.flush();
  };
  const close = (): void => {
    gone();
    transport.close();
  };

  connection.wake = () => {
    const { output, ignored } = connection;
    if (!open) return;
    if (ignored) close();
    while (open && output.size > 0) {
      const bytes = peekOutput(output).slice();
      consumeOutput(output, bytes.length);
      transport.write(bytes);
    }
  };
  const decoder = createDecoder((type, reqId, txId, bytes, start, end) => {
    store.handle(connection, type, reqId, txId, bytes, start, end);
  });
  transport.receive((bytes) => {
    const framed = decoder.push(bytes).ok;
    // What came whole is answered even so.
    store.flush();
    if (framed) return;
    store.ignore(connection);
    store.flush();
  }, gone);
  store.flush();
  return { connection, close };
}
