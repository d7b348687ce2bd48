/** The terminal of this process. */

import type { Writable } from 'node:stream';
import { ok, type Result } from '../../shared/core/result.ts';
import { endOfWrites } from '../../shared/platform/unix/standard-stream.ts';
import type { Sink, Source, Terminal } from '../terminal.ts';
import { drained, pauseUntil } from './flow.ts';

/** Help and tables for what is no terminal. */
const DEFAULT_COLUMNS = 100;

export function processTerminal(): Terminal {
  return {
    out: sink(process.stdout, 'standard output'),
    err: sink(process.stderr, 'standard error'),
    input: source(process.stdin),
    env: process.env,
  };
}

type Stream = Writable & { readonly isTTY?: boolean; readonly columns?: number };

/** What is written to a stream, `name` by its name. */
export function sink(stream: Stream, name: string): Sink {
  let ended: Result<void> | undefined;
  /** The last write; those before it are over when it is. */
  let last: Promise<void> | undefined;
  const waiting: (() => void)[] = [];
  const end = (error: NodeJS.ErrnoException): void => {
    if (ended !== undefined) return;
    ended = endOfWrites(name, error);
    for (const then of waiting) then();
  };
  stream.on('error', end);
  return {
    isTty: stream.isTTY === true,
    columns: stream.columns ?? DEFAULT_COLUMNS,
    write: (data) => {
      if (ended !== undefined) return;
      last = new Promise((resolve) => {
        stream.write(data, (error) => {
          if (error) end(error);
          resolve();
        });
      });
    },
    drained: () => (ended === undefined ? drained(stream) : undefined),
    whenClosed: (then) => {
      if (ended === undefined) waiting.push(then);
      else then();
    },
    flush: async () => {
      await last;
      return ended ?? ok();
    },
  };
}

function source(stream: NodeJS.ReadStream): Source {
  return {
    isTty: stream.isTTY === true,
    setRaw: (raw) => {
      if (stream.isTTY) stream.setRawMode(raw);
    },
    receive: (whenData, onEnd) => {
      const onData = (bytes: Uint8Array): void => {
        const room = whenData(bytes);
        // A user who types shall be heard, if only to leave.
        if (room !== undefined && !stream.isTTY) pauseUntil(stream, room);
      };
      stream.on('data', onData);
      stream.on('end', onEnd);
      stream.resume();
      return () => {
        stream.off('data', onData);
        stream.off('end', onEnd);
        stream.pause();
        stream.unref?.();
      };
    },
  };
}
