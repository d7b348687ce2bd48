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
  /** Whether what it prints is taken at the moment. */
  isRead(): boolean;
}

export function fakePty(): FakePty {
  let typed = '';
  let closed = false;
  let read = true;
  let receiver: { onData: Parameters<Pty['receive']>[0]; onEnd: () => void } | undefined;
  return {
    write: (bytes) => {
      typed += new TextDecoder().decode(bytes);
      return undefined;
    },
    receive: (onData, onEnd) => {
      receiver = { onData, onEnd };
    },
    close: () => {
      closed = true;
      receiver = undefined;
    },
    print: (text) => {
      const room = receiver?.onData(new TextEncoder().encode(text));
      if (room === undefined) return;
      read = false;
      void room.then(() => {
        read = true;
      });
    },
    isRead: () => read,
    hangUp: () => receiver?.onEnd(),
    typed: () => typed,
    isClosed: () => closed,
  };
}
