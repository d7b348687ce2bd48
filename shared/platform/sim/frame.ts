/** Page frames: bytes exist only once somebody touches them. */

import { PAGE_SIZE } from '../region.ts';

export interface Frame {
  /** Where the bytes are, once there are any. */
  home: ArrayBuffer | undefined;
  offset: number;
  /** Live mappings of the frame, by anybody. */
  mapped: number;
  /** Told when the last mapping is gone. */
  readonly unmapped: (frame: Frame) => void;
}

export function frame(unmapped: (frame: Frame) => void): Frame {
  return { home: undefined, offset: 0, mapped: 0, unmapped };
}

/** The frame's bytes now. Not to be kept: a frame that nobody maps may move. */
export function bytesOf(one: Frame): Uint8Array {
  if (!one.home) {
    one.home = new ArrayBuffer(PAGE_SIZE);
    one.offset = 0;
  }
  return new Uint8Array(one.home, one.offset, PAGE_SIZE);
}
