/** A connection that a StreamServer has accepted, as a pipe of bytes. */

import { type Failure, fail, ok, type Result } from '../../core/result.ts';
import type { BytePipe } from '../byte-pipe.ts';
import type { ServedStream, ServedStreamOwner } from './stream-server.ts';

/** Bytes taken at a time of what nobody waits for. */
const CHUNK_BYTES = 4096;

type Settle<T> = (result: Result<T>) => void;

interface State {
  readonly stream: ServedStream;
  /** What came before a connection that is over was read: a socket's buffer at most. */
  readonly early: Uint8Array[];
  reader: { readonly into: Uint8Array; readonly settle: Settle<number> } | undefined;
  writer: { readonly bytes: Uint8Array; at: number; readonly settle: Settle<void> } | undefined;
  closed: Failure | undefined;
}

function want({ stream, reader, writer }: State): void {
  stream.want(reader !== undefined, writer !== undefined);
}

/** Nobody is told of input while nobody reads, but for what an end has left. */
function readable(state: State): void {
  const { stream, reader, early } = state;
  if (reader === undefined) {
    const chunk = new Uint8Array(CHUNK_BYTES);
    const count = stream.read(chunk);
    if (count > 0) early.push(chunk.subarray(0, count));
    return;
  }
  const count = stream.read(reader.into);
  if (count === 0) return;
  state.reader = undefined;
  want(state);
  reader.settle(ok(Math.max(0, count)));
}

function written(state: State, settle: Settle<void>, result: Result<void>): void {
  state.writer = undefined;
  want(state);
  settle(result);
}

function writable(state: State): void {
  const { stream, writer } = state;
  if (writer === undefined) return;
  while (writer.at < writer.bytes.length) {
    const count = stream.write(writer.bytes.subarray(writer.at));
    if (count === 0) {
      want(state);
      return;
    }
    if (count < 0) {
      written(state, writer.settle, fail('EPIPE', 'the other end has closed the connection'));
      return;
    }
    writer.at += count;
  }
  written(state, writer.settle, ok());
}

/** The pipe, and what its server is to tell. */
export function servedPipe(stream: ServedStream): { pipe: BytePipe; owner: ServedStreamOwner } {
  const state: State = {
    ...{ stream, early: [], reader: undefined, writer: undefined, closed: undefined },
  };
  const pipe: BytePipe = {
    read: (into) =>
      new Promise((settle) => {
        if (state.closed !== undefined) return settle({ ok: false, error: state.closed });
        const first = state.early[0];
        if (first !== undefined) {
          const count = Math.min(first.length, into.length);
          into.set(first.subarray(0, count));
          if (count === first.length) state.early.shift();
          else state.early[0] = first.subarray(count);
          return settle(ok(count));
        }
        state.reader = { into, settle };
        readable(state);
        if (state.reader !== undefined) want(state);
      }),
    write: (bytes) =>
      new Promise((settle) => {
        if (state.closed !== undefined) return settle({ ok: false, error: state.closed });
        state.writer = { bytes, at: 0, settle };
        writable(state);
      }),
    close: (why = { errno: 'ENOTCONN', what: 'this end closed the connection' }) => {
      if (state.closed !== undefined) return;
      state.closed = why;
      stream.close();
      state.reader?.settle({ ok: false, error: why });
      state.writer?.settle({ ok: false, error: why });
    },
  };
  return {
    pipe,
    owner: { readable: () => readable(state), writable: () => writable(state) },
  };
}
