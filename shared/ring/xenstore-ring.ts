/** A domain's end of its xenstore page, as a byte stream to the xenstored that serves it. */

import {
  XENSTORE_ERROR_NONE,
  XENSTORE_SERVER_FEATURE_ERROR,
  xenstoreDomainInterface,
} from '../abi/xs-wire.ts';
import type { Port } from '../core/ids.ts';
import type { Failure } from '../core/result.ts';
import type { Events } from '../platform/events.ts';
import type { Region } from '../platform/region.ts';
import type { XenstoreTransport } from '../platform/xenstore.ts';
import { BROKEN, readRing, writeRing, XENSTORE_REPLIES, XENSTORE_REQUESTS } from './byte-ring.ts';

export interface XenstoreRingEnd {
  readonly events: Pick<Events, 'notify' | 'unmask' | 'wait'>;
  /**
   * The page, and our end of its event channel. Both stay the caller's, who frees them after close.
   */
  readonly region: Region;
  readonly port: Port;
}

const { serverFeatures, error } = xenstoreDomainInterface.fields;
const CHUNK = XENSTORE_REPLIES.size;
/** Bytes that wait to be sent before the stream is given up: the server does not read. */
const QUEUE_MAX = 1 << 20;

/** The stream ends with EPROTO if the indices are impossible or the server has given us up. */
export function xenstoreRing({ events, region, port }: XenstoreRingEnd): XenstoreTransport {
  let queue: Uint8Array[] = [];
  let queued = 0;
  let open = true;
  let onData: ((bytes: Uint8Array) => void) | undefined;
  let onClose: ((reason?: Failure) => void) | undefined;
  let ended: Failure | undefined;

  const end = (what: string): void => {
    if (!open) return;
    open = false;
    queue = [];
    ended = { errno: 'EPROTO', what };
    onClose?.(ended);
  };

  /** Whether anything was moved. */
  const send = (): boolean => {
    let moved = false;
    for (let first = queue[0]; open && first !== undefined; first = queue[0]) {
      const count = writeRing(region, XENSTORE_REQUESTS, first, 0, first.length);
      if (count === BROKEN) end('the indices of the xenstore page are impossible');
      if (count <= 0) break;
      moved = true;
      queued -= count;
      if (count < first.length) queue[0] = first.subarray(count);
      else queue.shift();
    }
    return moved;
  };

  const receive = (): boolean => {
    let moved = false;
    while (open && onData !== undefined) {
      const chunk = new Uint8Array(CHUNK);
      const count = readRing(region, XENSTORE_REPLIES, chunk, 0, CHUNK);
      if (count === BROKEN) end('the indices of the xenstore page are impossible');
      if (count <= 0) break;
      moved = true;
      events.notify(port);
      onData(chunk.subarray(0, count));
    }
    return moved;
  };

  const givenUp = (): boolean => {
    const { words } = region;
    const tells = Atomics.load(words, serverFeatures.at / 4) & XENSTORE_SERVER_FEATURE_ERROR;
    return tells !== 0 && Atomics.load(words, error.at / 4) !== XENSTORE_ERROR_NONE;
  };

  const turn = (): void => {
    if (!open) return;
    receive();
    if (send() && open) events.notify(port);
    if (open && givenUp()) end('xenstored has given up this connection');
  };

  const listen = async (): Promise<void> => {
    for (let seen = 0; open; ) {
      try {
        seen = await events.wait(port, seen);
      } catch {
        end('the event channel of xenstore was closed');
        return;
      }
      if (!open) return;
      turn();
      if (open) events.unmask(port);
    }
  };
  void listen();

  return {
    write: (bytes) => {
      if (!open || bytes.length === 0) return;
      queue.push(bytes.slice());
      queued += bytes.length;
      if (queued > QUEUE_MAX) end('xenstored does not read');
      // Only sends: this may be called from within onData, whose order reading on would break.
      else if (send() && open) events.notify(port);
    },
    receive: (data, close) => {
      onData = data;
      onClose = close;
      if (ended !== undefined) close(ended);
      else turn();
    },
    close: () => {
      if (!open) return;
      open = false;
      queue = [];
      onClose?.();
    },
  };
}
