/** The terminal of this process. */

import { ERRNO, type Errno } from '../../shared/core/errno.ts';
import { fail, ok, type Result } from '../../shared/core/result.ts';
import type { Sink, Source, Terminal } from '../terminal.ts';

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

/** A pipe or socket whose reader has gone, and a terminal that was closed. */
const READER_GONE: readonly unknown[] = ['EPIPE', 'ECONNRESET', 'EIO'];

function sink(stream: NodeJS.WriteStream, name: string): Sink {
  let ended: Result<void> | undefined;
  const waiting: (() => void)[] = [];
  const end = (error: NodeJS.ErrnoException): void => {
    if (ended !== undefined) return;
    const code = error.code ?? 'EIO';
    const errno = code in ERRNO ? (code as Errno) : 'EIO';
    ended = READER_GONE.includes(code) ? ok() : fail(errno, `cannot write to ${name}: ${code}`);
    for (const then of waiting) then();
  };
  stream.on('error', end);
  return {
    isTty: stream.isTTY === true,
    columns: stream.columns ?? DEFAULT_COLUMNS,
    write: (data) => {
      if (ended === undefined) stream.write(data);
    },
    whenClosed: (then) => {
      if (ended === undefined) waiting.push(then);
      else then();
    },
    flush: async () => {
      if (ended === undefined) {
        // Comes after all that was written, with the error if there was one.
        await new Promise<void>((resolve) => {
          stream.write('', (error) => {
            if (error) end(error);
            resolve();
          });
        });
      }
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
    receive: (onData, onEnd) => {
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
