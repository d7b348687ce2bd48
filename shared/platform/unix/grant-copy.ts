/** A copy as gntdev takes it: an end of ours is an address of this process. */

import { xengnttabGrantCopySegment } from '../../abi/gnttab-lib.ts';
import { type CopyDevice, type CopyForm, createCopyBatch } from '../common/copy-batch.ts';
import type { CopyBatch } from '../grants.ts';
import type { Region } from '../region.ts';

const { fields, size } = xengnttabGrantCopySegment;

export const GNTDEV_COPY: CopyForm = {
  bytes: size,
  sourceWord: fields.sourceVirt.at / 4,
  destWord: fields.destVirt.at / 4,
  lengthWord: fields.len.at / 4,
  statusWord: fields.status.at / 4,
  putGrant: (words, word, domid, gref, offset) => {
    words[word] = gref;
    words[word + 1] = (domid << 16) | offset;
  },
  putOwn: (words, word, address) => {
    words[word] = address;
    words[word + 1] = address / 2 ** 32;
  },
};

/**
 * Copies that nobody makes and that are done at once, for whoever rehearses: by calls of one kind,
 * or of an other, as those of real copies are, so that what is compiled asks which it has.
 */
export function nobodysBatch(
  addressOf: CopyDevice['addressOf'],
  max: number,
  isOther: boolean,
): CopyBatch {
  const copies = new ArrayBuffer(max * size);
  const halves = new Int16Array(copies);
  const run = (count: number): boolean => {
    for (let i = 0; i < count; i++) halves[(i * size) / 2 + GNTDEV_COPY.statusWord * 2] = 0;
    return true;
  };
  const device = isOther
    ? { addressOf: (region: Region) => addressOf(region), run: (count: number) => run(count) }
    : { addressOf, run };
  return createCopyBatch(GNTDEV_COPY, device, copies, max);
}
