/** Reads of a page through a block backend's core; the disk and the copies take no time. */

import { COPIES_MAX, PAGES_PER_TURN } from '../../../drivers/blkback/core/limits.ts';
import { type Asked, createRehearsal, SLOTS } from '../../../drivers/blkback/rehearsal.ts';
import { BLKIF_OP_READ } from '../../../shared/abi/blkif.ts';
import { ok } from '../../../shared/core/result.ts';
import type { BlockIo } from '../../../shared/platform/block-io.ts';
import type { CopyBatch } from '../../../shared/platform/grants.ts';
import { PAGE_SIZE, type Region } from '../../../shared/platform/region.ts';

const SECTORS = 1 << 20;

function regionOf(pages: number): Region {
  const memory = new ArrayBuffer(pages * PAGE_SIZE);
  return { bytes: new Uint8Array(memory), words: new Int32Array(memory) };
}

/** Each operation is done when it is begun. */
function instantIo(): BlockIo {
  const done = new Int32Array(SLOTS);
  let count = 0;
  const ask = (number: number): void => {
    done[count++] = number;
  };
  return {
    shape: {
      ...{ sectorBytes: 512, sectors: SECTORS, isReadOnly: false, canDiscard: false },
      canDiscardSecurely: false,
    },
    measure: () => ok(),
    read: ask,
    write: ask,
    flush: ask,
    discard: ask,
    submit: () => {},
    completions: (into) => {
      for (let i = 0; i < count; i++) {
        into[2 * i] = done[i] as number;
        into[2 * i + 1] = 0;
      }
      const all = count;
      count = 0;
      return all;
    },
    close: () => {},
  };
}

/** Copies that are only counted. */
function countingBatch(): CopyBatch {
  let count = 0;
  const add = (): void => {
    count++;
  };
  return {
    max: COPIES_MAX,
    get count() {
      return count;
    },
    clear: () => {
      count = 0;
    },
    fromGuest: add,
    toGuest: add,
    run: () => 0,
    error: () => undefined,
  };
}

const READS: readonly Asked[] = Array.from({ length: SLOTS }, () => ({
  operation: BLKIF_OP_READ,
  segments: 1,
}));

export function blkRows(): Readonly<Record<string, (requests: number) => void>> {
  const memory = { slab: regionOf(PAGES_PER_TURN), lists: regionOf(1) };
  const rehearsal = createRehearsal({
    ...{ io: instantIo(), batch: countingBatch(), ...memory, pages: regionOf },
  });
  return {
    'blk-core': (requests) => {
      for (let left = requests; left > 0; ) {
        rehearsal.ask(READS);
        rehearsal.turn();
        const answered = rehearsal.answered();
        if (answered !== SLOTS) throw new Error(`${answered} answers`);
        left -= answered;
      }
    },
  };
}
