/** A copy as gntdev takes it: an end of ours is an address of this process. */

import { xengnttabGrantCopySegment } from '../../abi/gnttab-lib.ts';
import type { CopyForm } from '../common/copy-batch.ts';

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
