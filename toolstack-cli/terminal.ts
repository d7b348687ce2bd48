/** What a command sees of the world around its process; tests put a fake in its place. */

import type { Result } from '../shared/core/result.ts';

/** Output that nobody reads any more goes nowhere, and changes nothing of what a command does. */
export interface Sink {
  readonly isTty: boolean;
  readonly columns: number;
  write(data: string | Uint8Array): void;
  /**
   * For what prints without end: undefined while there is room for more; else settles once there is
   * again, or nobody reads any more.
   */
  drained(): Promise<void> | undefined;
  /** Calls `then` once the reader has gone: for what would print for ever. */
  whenClosed(then: () => void): void;
  /** Once all is written. Fails if it cannot be; a reader that has gone is no failure. */
  flush(): Promise<Result<void>>;
}

export interface Source {
  readonly isTty: boolean;
  /** Keys arrive one by one, unechoed, ^C included. Does nothing without a terminal. */
  setRaw(raw: boolean): void;
  /**
   * Sets the one receiver; the returned function takes it back and lets the process end. Unless a
   * user types it, no more comes until what `onData` returns is settled.
   */
  receive(onData: (bytes: Uint8Array) => Promise<void> | undefined, onEnd: () => void): () => void;
}

export interface Terminal {
  readonly out: Sink;
  readonly err: Sink;
  readonly input: Source;
  readonly env: Readonly<Record<string, string | undefined>>;
}
