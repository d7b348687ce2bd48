/** The console of a domain, by hand. */

import type { Pty } from '../host.ts';

export interface FakePty extends Pty {
  /** As if the guest had printed it. */
  print(text: string): void;
  /** As if xenconsoled had let go of it. */
  hangUp(): void;
  /** What was typed into it. */
  typed(): string;
  isClosed(): boolean;
}

export function fakePty(): FakePty {
  let typed = '';
  let closed = false;
  let receiver: { onData: (bytes: Uint8Array) => void; onEnd: () => void } | undefined;
  return {
    write: (bytes) => {
      typed += new TextDecoder().decode(bytes);
    },
    receive: (onData, onEnd) => {
      receiver = { onData, onEnd };
    },
    close: () => {
      closed = true;
      receiver = undefined;
    },
    print: (text) => receiver?.onData(new TextEncoder().encode(text)),
    hangUp: () => receiver?.onEnd(),
    typed: () => typed,
    isClosed: () => closed,
  };
}
