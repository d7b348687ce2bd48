/** Port: a byte stream to a xenstored. Framing is shared/xenstore's. */

import type { Failure } from '../core/result.ts';

export interface XenstoreTransport {
  /** Sends bytes, in order. Queued if the other side is slow; ignored once closed. */
  write(bytes: Uint8Array): void;
  /**
   * Sets the one receiver: chunks in order, of any size; then `onClose` once, with the reason if
   * any.
   */
  receive(onData: (bytes: Uint8Array) => void, onClose: (reason?: Failure) => void): void;
  /** Closing twice is no error. */
  close(): void;
}
