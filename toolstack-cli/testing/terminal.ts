/** A terminal for tests: what was written, and a user who types. */

import { ok } from '../../shared/core/result.ts';
import type { Source, Terminal } from '../terminal.ts';

export interface FakeTerminal extends Terminal {
  stdout(): string;
  stderr(): string;
  /** As if the user, or a pipe, had sent this. */
  type(text: string): void;
  endInput(): void;
  /** As if whoever reads the output had gone. */
  closeOutput(): void;
  /** As if whoever reads the output took no more for now; the returned function reads on. */
  stopReading(): () => void;
  /** Whether keys come raw at the moment. */
  isRaw(): boolean;
  /** Whether somebody reads the input at the moment. */
  isRead(): boolean;
}

export interface FakeTerminalOptions {
  readonly isTty?: boolean;
  readonly env?: Terminal['env'];
}

export function fakeTerminal({ isTty = false, env = {} }: FakeTerminalOptions = {}): FakeTerminal {
  const texts = { out: '', err: '' };
  const onClosed: (() => void)[] = [];
  let stopped: Promise<void> | undefined;
  let raw = false;
  let receiver: { onData: Parameters<Source['receive']>[0]; onEnd: () => void } | undefined;
  const sink = (name: 'out' | 'err') => ({
    isTty,
    columns: 80,
    write: (data: string | Uint8Array): void => {
      texts[name] += typeof data === 'string' ? data : new TextDecoder().decode(data);
    },
    drained: () => (name === 'out' ? stopped : undefined),
    whenClosed: (then: () => void): void => {
      if (name === 'out') onClosed.push(then);
    },
    flush: async () => ok(),
  });
  return {
    out: sink('out'),
    err: sink('err'),
    env,
    input: {
      isTty,
      setRaw: (on) => {
        raw = isTty && on;
      },
      receive: (onData, onEnd) => {
        receiver = { onData, onEnd };
        return () => {
          receiver = undefined;
        };
      },
    },
    stdout: () => texts.out,
    stderr: () => texts.err,
    stopReading: () => {
      let readOn = (): void => {};
      stopped = new Promise((resolve) => {
        readOn = resolve;
      });
      return () => {
        stopped = undefined;
        readOn();
      };
    },
    type: (text) => void receiver?.onData(new TextEncoder().encode(text)),
    endInput: () => receiver?.onEnd(),
    closeOutput: () => {
      for (const then of onClosed.splice(0)) then();
    },
    isRaw: () => raw,
    isRead: () => receiver !== undefined,
  };
}
