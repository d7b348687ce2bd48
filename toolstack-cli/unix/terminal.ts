/** The terminal of this process. */

import type { Sink, Source, Terminal } from '../terminal.ts';

/** Help and tables for what is no terminal. */
const DEFAULT_COLUMNS = 100;

export function processTerminal(): Terminal {
  return {
    out: sink(process.stdout),
    err: sink(process.stderr),
    input: source(process.stdin),
    env: process.env,
  };
}

function sink(stream: NodeJS.WriteStream): Sink {
  // `xtl list | head -1`: a reader that has enough is no error.
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0);
    throw error;
  });
  return {
    isTty: stream.isTTY === true,
    columns: stream.columns ?? DEFAULT_COLUMNS,
    write: (data) => void stream.write(data),
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
