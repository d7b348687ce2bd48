/** Port: signals that ask a process to end, held back while its work must not stay half done. */

/** Their numbers: a shell's status for a process that died of one is 128 more. */
export const END_SIGNALS = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 } as const;

export type EndSignal = keyof typeof END_SIGNALS;

export interface HeldSignals {
  /** The first that came. What is on its way to the process arrives before the answer. */
  came(): Promise<EndSignal | undefined>;
  /** Calls `then` at the first, at once if it is there; the returned function takes that back. */
  whenFirst(then: (signal: EndSignal) => void): () => void;
  /** From now on signals end the process as they do any other; one that came before does not. */
  release(): void;
}
