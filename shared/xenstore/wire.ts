/** The store's packets: a header of four u32 and a payload (io/xs_wire.h @ RELEASE-4.17.0). */

import { XENSTORE_PAYLOAD_MAX } from '../abi/xs-wire.ts';
import { assert } from '../core/assert.ts';
import { putLatin1, putWords } from '../core/bytes.ts';
import type { Result } from '../core/result.ts';
import { fail, ok } from '../core/result.ts';

export const HEADER_SIZE = 16;
export const PACKET_MAX = HEADER_SIZE + XENSTORE_PAYLOAD_MAX;

/**
 * Takes one packet: its payload is `bytes` from `start` to `end`, valid only during the call. Six
 * plain arguments instead of an object, since a daemon does this a million times a second.
 */
export type PacketSink = (
  type: number,
  reqId: number,
  txId: number,
  bytes: Uint8Array,
  start: number,
  end: number,
) => void;

export interface Decoder {
  /**
   * Takes a chunk of any size (the first `size` bytes of `chunk`) and hands every packet that it
   * completes to the sink. EPROTO once a header announces more than XENSTORE_PAYLOAD_MAX, and for
   * every chunk after that: the stream has lost its framing and can only be closed.
   */
  push(chunk: Uint8Array, size?: number): Result<void>;
  /** How many bytes of an unfinished packet are held; at most PACKET_MAX. */
  pending(): number;
}

function u32At(bytes: Uint8Array, at: number): number {
  const low = (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8) | ((bytes[at + 2] ?? 0) << 16);
  return (low | ((bytes[at + 3] ?? 0) << 24)) >>> 0;
}

const DONE = ok();

/** A decoder of one stream. A packet that lies whole in its chunk is not copied. */
export function createDecoder(sink: PacketSink): Decoder {
  let partial: Uint8Array | undefined;
  let held = 0;
  let announced = -1;

  const broken = (): Result<void> =>
    fail('EPROTO', `a packet announces ${announced} bytes, over ${XENSTORE_PAYLOAD_MAX}`);

  const emit = (bytes: Uint8Array, at: number, end: number): void => {
    sink(u32At(bytes, at), u32At(bytes, at + 4), u32At(bytes, at + 8), bytes, at + 16, end);
  };

  /** Moves bytes from the chunk to the held packet, up to `want` held; the bytes taken. */
  const top = (chunk: Uint8Array, size: number, at: number, want: number): number => {
    const count = Math.min(want - held, size - at);
    partial ??= new Uint8Array(PACKET_MAX);
    partial.set(chunk.subarray(at, at + count), held);
    held += count;
    return count;
  };

  /**
   * Continues the held packet; where in the chunk the next one starts, or -1 if the framing
   * broke.
   */
  const resume = (chunk: Uint8Array, size: number): number => {
    let at = 0;
    if (held < HEADER_SIZE) at += top(chunk, size, at, HEADER_SIZE);
    if (held < HEADER_SIZE || partial === undefined) return at;
    announced = u32At(partial, 12);
    if (announced > XENSTORE_PAYLOAD_MAX) return -1;
    const packet = HEADER_SIZE + announced;
    at += top(chunk, size, at, packet);
    if (held < packet) return at;
    held = 0;
    emit(partial, 0, packet);
    return at;
  };

  const push = (chunk: Uint8Array, size = chunk.length): Result<void> => {
    if (announced > XENSTORE_PAYLOAD_MAX) return broken();
    let at = held > 0 ? resume(chunk, size) : 0;
    if (at < 0) return broken();
    while (size - at >= HEADER_SIZE) {
      announced = u32At(chunk, at + 12);
      if (announced > XENSTORE_PAYLOAD_MAX) return broken();
      const end = at + HEADER_SIZE + announced;
      if (end > size) break;
      emit(chunk, at, end);
      at = end;
    }
    if (at < size) top(chunk, size, at, PACKET_MAX);
    return DONE;
  };
  return { push, pending: () => held };
}

/** Writes a header at `at`. */
export const putHeader: (
  bytes: Uint8Array,
  at: number,
  type: number,
  reqId: number,
  txId: number,
  length: number,
) => void = putWords;

/**
 * A packet whose payload is the parts one after the other: latin1 strings (no NUL is added) or
 * bytes.
 */
export function encodePacket(
  type: number,
  reqId: number,
  txId: number,
  ...parts: readonly (string | Uint8Array)[]
): Uint8Array {
  let length = 0;
  for (const part of parts) length += part.length;
  assert(length <= XENSTORE_PAYLOAD_MAX, `a payload of ${length} bytes`);
  const packet = new Uint8Array(HEADER_SIZE + length);
  putHeader(packet, 0, type, reqId, txId, length);
  let at = HEADER_SIZE;
  for (const part of parts) {
    if (typeof part === 'string') at = putLatin1(packet, at, part);
    else {
      packet.set(part, at);
      at += part.length;
    }
  }
  return packet;
}
