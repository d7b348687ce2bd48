/** What a command sees of the world around its process; tests put a fake in its place. */

export interface Sink {
  readonly isTty: boolean;
  readonly columns: number;
  write(data: string | Uint8Array): void;
}

export interface Source {
  readonly isTty: boolean;
  /** Keys arrive one by one, unechoed, ^C included. Does nothing without a terminal. */
  setRaw(raw: boolean): void;
  /** Sets the one receiver; the returned function takes it back and lets the process end. */
  receive(onData: (bytes: Uint8Array) => void, onEnd: () => void): () => void;
}

export interface Terminal {
  readonly out: Sink;
  readonly err: Sink;
  readonly input: Source;
  readonly env: Readonly<Record<string, string | undefined>>;
}
