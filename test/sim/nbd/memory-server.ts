/**
 * A server of NBD over a disk in memory, from the transmission phase on. It does what it is asked
 * in any order, when it is told to. What it has not flushed is in a cache of its own, which is lost
 * with it, as far as it had not been written by then.
 */

import { getU16, getU32, getU64 } from '../../../shared/core/big-endian.ts';
import type { Prng } from '../../../shared/core/prng.ts';
import {
  NBD_CMD_DISC,
  NBD_CMD_FLUSH,
  NBD_CMD_READ,
  NBD_CMD_TRIM,
  NBD_CMD_WRITE,
  NBD_REQUEST_MAGIC,
  REQUEST_BYTES,
} from '../../../shared/nbd/protocol.ts';
import { bytesOf, reply } from './server-bytes.ts';

interface Request {
  readonly command: number;
  readonly high: number;
  readonly low: number;
  readonly offset: number;
  readonly length: number;
  readonly data: Uint8Array;
}

export interface MemoryServer {
  /** What is on its disk, whatever becomes of it. */
  readonly stable: Uint8Array;
  /** What reads give. */
  readonly current: Uint8Array;
  /** What makes it answer with this error. */
  fails: (command: number, offset: number) => number;
  readonly seen: { command: number; offset: number; length: number }[];
  /** Bytes from the client; it throws at what no client may send. */
  take(bytes: Uint8Array): void;
  /** Does some of what it was asked, and gives the replies, in another order. */
  step(): Uint8Array[];
  /** The connection is lost; of what it was asked some is done yet. */
  drop(): void;
  /** It is killed, and another one comes, which knows what is stable. */
  kill(): void;
  isIdle(): boolean;
}

const EINVAL = 22;

interface Parsed {
  readonly request: Request | undefined;
  readonly size: number;
}

/** The first request of `bytes`; none while it is not there whole. */
function parse(bytes: Uint8Array, maxPayload: number): Parsed {
  if (bytes.length < REQUEST_BYTES) return { request: undefined, size: 0 };
  if (getU32(bytes, 0) !== NBD_REQUEST_MAGIC) throw new Error('no magic number');
  if (getU16(bytes, 4) !== 0) throw new Error('flags that were not offered');
  const command = getU16(bytes, 6);
  const [offset, length] = [getU64(bytes, 16), getU32(bytes, 24)];
  const hasPayload = command === NBD_CMD_WRITE || command === NBD_CMD_READ;
  if (hasPayload && (length > maxPayload || length === 0)) throw new Error(`${length} bytes`);
  if (command === NBD_CMD_FLUSH && (offset !== 0 || length !== 0)) throw new Error('a flush of it');
  const size = REQUEST_BYTES + (command === NBD_CMD_WRITE ? length : 0);
  if (bytes.length < size) return { request: undefined, size: 0 };
  const data = bytes.slice(REQUEST_BYTES, size);
  const request = { command, offset, length, data, high: getU32(bytes, 8), low: getU32(bytes, 12) };
  return { request, size };
}

export function createMemoryServer(
  random: Prng,
  stable: Uint8Array,
  { maxPayload = 1 << 25, minBlock = 1 }: { maxPayload?: number; minBlock?: number } = {},
): MemoryServer {
  const current = stable.slice();
  let buffer: Uint8Array = new Uint8Array(0);
  let asked: Request[] = [];
  /** Writes that no flush has covered, as what they do to a disk. */
  let unflushed: ((disk: Uint8Array) => void)[] = [];

  const change = (effect: (disk: Uint8Array) => void): void => {
    effect(current);
    unflushed.push(effect);
  };
  const perform = ({ command, offset, length, data }: Request): number => {
    const error = server.fails(command, offset);
    if (error !== 0) return error;
    const isWhole = offset % minBlock === 0 && length % minBlock === 0;
    if (!isWhole || offset + length > stable.length) return EINVAL;
    if (command === NBD_CMD_WRITE) change((disk) => disk.set(data, offset));
    else if (command === NBD_CMD_TRIM) change((disk) => disk.fill(0, offset, offset + length));
    else if (command === NBD_CMD_FLUSH) {
      for (const effect of unflushed) effect(stable);
      unflushed = [];
    } else if (command !== NBD_CMD_READ) return EINVAL;
    return 0;
  };
  const doAny = (): Uint8Array => {
    const request = asked.splice(random.below(asked.length), 1)[0] as Request;
    const { command, high, low, offset, length } = request;
    const error = perform(request);
    const isRead = command === NBD_CMD_READ && error === 0;
    return reply(high, low, error, isRead ? current.slice(offset, offset + length) : undefined);
  };
  const drop = (): void => {
    while (asked.length > 0 && random.chance(0.7)) doAny();
    asked = [];
    buffer = new Uint8Array(0);
  };
  const server: MemoryServer = {
    ...{ stable, current, fails: () => 0, seen: [] },
    take: (bytes) => {
      buffer = bytesOf(buffer, bytes);
      for (;;) {
        const { request, size } = parse(buffer, maxPayload);
        if (request === undefined) return;
        const { command, offset, length } = request;
        buffer = buffer.slice(size);
        server.seen.push({ command, offset, length });
        if (command !== NBD_CMD_DISC) asked.push(request);
      }
    },
    step: () => {
      const replies: Uint8Array[] = [];
      for (let left = random.below(asked.length + 1); left > 0; left--) {
        replies.splice(random.below(replies.length + 1), 0, doAny());
      }
      return replies;
    },
    drop,
    kill: () => {
      drop();
      for (const effect of unflushed) if (random.chance(0.5)) effect(stable);
      unflushed = [];
      current.set(stable);
    },
    isIdle: () => asked.length === 0,
  };
  return server;
}
