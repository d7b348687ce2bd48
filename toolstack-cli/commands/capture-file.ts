/** Frames as the packets of a file: with the checksums and tags that they are to have. */

import { checksumOf } from '../../shared/net/checksum.ts';
import type { Frame } from '../../shared/platform/capture.ts';
import {
  CHECKSUM_NOT_READY,
  INBOUND,
  OUTBOUND,
  PACKET_DATA_AT,
  packetBlockBytes,
  putPacket,
  TO_ALL,
  TO_BE_SEGMENTED,
  TO_GROUP,
  TO_HOST,
  TO_OTHER,
} from '../../shared/telemetry/pcapng.ts';

const TAG_BYTES = 4;
/** Of a frame's two addresses: a tag is behind them. */
const ADDRESS_BYTES = 12;

/** What shared/net sums up. */
const SUMMED_MAX = 128 << 10;

/** Where UDP has its checksum, for which 0 says that there is none. */
const UDP_OFFSET = 6;

/**
 * Makes the checksum of a frame at `at`: its place holds the sum of what is not in the frame. False
 * if it lies outside, or the frame is larger than any but those of BIG TCP.
 */
export function completeChecksum(
  bytes: Uint8Array,
  at: number,
  length: number,
  { start, offset }: NonNullable<Frame['checksum']>,
): boolean {
  const place = at + start + offset;
  const end = at + length;
  if (place + 2 > end || length > SUMMED_MAX) return false;
  const made = checksumOf(bytes, at + start, end);
  const checksum = made === 0 && offset === UDP_OFFSET ? 0xffff : made;
  bytes[place] = checksum >>> 8;
  bytes[place + 1] = checksum & 0xff;
  return true;
}

const TO: Readonly<Record<Frame['to'], number>> = {
  ...{ host: TO_HOST, group: TO_GROUP, all: TO_ALL, other: TO_OTHER },
};

function flagsOf({ isOutgoing, to, isSegmented }: Frame, isWhole: boolean): number {
  const direction = isOutgoing ? OUTBOUND : INBOUND | TO[to];
  const checksum = isWhole ? 0 : CHECKSUM_NOT_READY;
  return direction | checksum | (isSegmented ? TO_BE_SEGMENTED : 0);
}

/** Room for blocks that are written together; frames that are to be cut have 64 KiB and more. */
const CHUNK_BYTES = 1 << 20;

export interface Packets {
  /** Takes a frame; what is full meanwhile is given. */
  add(frame: Frame): void;
  /** Gives what there is. */
  flush(): void;
}

/** Packs frames into blocks of a file, which `give` gets many of at a time. */
export function packFrames(give: (blocks: Uint8Array) => void): Packets {
  let bytes = new Uint8Array(CHUNK_BYTES);
  let view = new DataView(bytes.buffer);
  let end = 0;
  const flush = (): void => {
    if (end > 0) give(bytes.subarray(0, end));
    // Who writes it may do so later.
    bytes = new Uint8Array(CHUNK_BYTES);
    view = new DataView(bytes.buffer);
    end = 0;
  };
  return {
    flush,
    add: (frame) => {
      const tag = frame.vlan === 0 || frame.captured < ADDRESS_BYTES ? 0 : TAG_BYTES;
      const captured = Math.min(frame.captured, CHUNK_BYTES - packetBlockBytes(TAG_BYTES));
      if (end + packetBlockBytes(captured + tag) > CHUNK_BYTES) flush();
      const at = end + PACKET_DATA_AT;
      const { checksum, seconds, nanoseconds } = frame;
      bytes.set(frame.bytes.subarray(frame.at, frame.at + captured), at);
      const isWhole = captured === frame.length;
      const isReady =
        checksum === undefined || (isWhole && completeChecksum(bytes, at, captured, checksum));
      if (tag > 0) {
        bytes.copyWithin(at + ADDRESS_BYTES + tag, at + ADDRESS_BYTES, at + captured);
        view.setUint32(at + ADDRESS_BYTES, frame.vlan);
      }
      end = putPacket(view, end, {
        ...{ seconds, nanoseconds, captured: captured + tag, length: frame.length + tag },
        flags: flagsOf(frame, isReady),
      });
    },
  };
}
