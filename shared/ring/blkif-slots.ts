/**
 * Where things lie in the slots of a block device's ring, in words: layouts of frontends of 64 and
 * of 32 bits (io/blkif.h @ RELEASE-4.17.0; those of 32 bits align a u64 to 4 bytes).
 */

import {
  XEN_IO_PROTO_ABI_ARM,
  XEN_IO_PROTO_ABI_X86_32,
  XEN_IO_PROTO_ABI_X86_64,
} from '../abi/blkif.ts';

export interface Protocol {
  readonly slotBytes: number;
  readonly idWord: number;
  readonly sectorWord: number;
  /** The first of a direct request's segments, two words each; a discard's count of sectors. */
  readonly restWord: number;
  /** The first reference to a page of segments. */
  readonly grefsWord: number;
  /** A response's words: its id, its operation with the status above it, and padding. */
  readonly responseWords: number;
}

export const BITS_64: Protocol = {
  slotBytes: 112,
  idWord: 2,
  sectorWord: 4,
  restWord: 6,
  grefsWord: 7,
  responseWords: 4,
};

const BITS_32: Protocol = {
  slotBytes: 108,
  idWord: 1,
  sectorWord: 3,
  restWord: 5,
  grefsWord: 6,
  responseWords: 3,
};

/** By the frontend's node `protocol`, whose absence is our own kind; undefined: nobody's. */
export function protocolOf(name: string | undefined): Protocol | undefined {
  switch (name) {
    case undefined:
    case XEN_IO_PROTO_ABI_X86_64:
    case XEN_IO_PROTO_ABI_ARM:
      return BITS_64;
    case XEN_IO_PROTO_ABI_X86_32:
      return BITS_32;
    default:
      return undefined;
  }
}
