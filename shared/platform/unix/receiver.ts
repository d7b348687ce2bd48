/** The receiving half of a stream: what came before anybody received it, and how it ended. */

import type { Failure } from '../../core/result.ts';
import type { XenstoreTransport } from '../xenstore.ts';

export interface Receiver {
  readonly receive: XenstoreTransport['receive'];
  /** Hands bytes on, or keeps them until somebody receives. */
  take(bytes: Uint8Array): void;
  /** The first call counts, and is the one that tells who receives. */
  end(reason?: Failure): void;
  hasEnded(): boolean;
}

export function createReceiver(): Receiver {
  let early: Uint8Array[] = [];
  let ended: { reason?: Failure } | undefined;
  let onData = (bytes: Uint8Array): void => {
    early.push(bytes);
  };
  let onClose: ((reason?: Failure) => void) | undefined;
  return {
    receive: (data, close) => {
      onData = data;
      onClose = close;
      const waiting = early;
      early = [];
      for (const bytes of waiting) data(bytes);
      if (ended) close(ended.reason);
    },
    take: (bytes) => onData(bytes),
    end: (reason) => {
      if (ended) return;
      ended = reason ? { reason } : {};
      onClose?.(reason);
    },
    hasEnded: () => ended !== undefined,
  };
}
