/**
 * A drive without a medium: no sectors, so that every read is refused before it gets here. A flush
 * has nothing to make sure of, and is done: one that fails would be held and tried for ever.
 */

import { assert } from '../../shared/core/assert.ts';
import { ok } from '../../shared/core/result.ts';
import type { BlockIo, BlockShape } from '../../shared/platform/block-io.ts';

const EMPTY: BlockShape = {
  ...{ sectorBytes: 512, sectors: 0, isReadOnly: true },
  ...{ canDiscard: false, canDiscardSecurely: false },
};

export function createEmptyDrive(onDone: () => void): BlockIo {
  const flushed: number[] = [];
  const refused = (): void => assert(false, 'a request that a drive without a medium refuses');
  return {
    ...{ shape: EMPTY, read: refused, write: refused, discard: refused },
    measure: () => ok(),
    flush: (number) => void flushed.push(number),
    submit: () => {
      if (flushed.length > 0) onDone();
    },
    completions: (into) => {
      const count = Math.min(flushed.length, into.length / 2);
      for (let i = 0; i < count; i++) into.set([flushed.shift() as number, 0], 2 * i);
      return count;
    },
    close: () => {},
  };
}
