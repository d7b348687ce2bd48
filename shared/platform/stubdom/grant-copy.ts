/** A copy as the hypervisor takes it: an end of ours is a frame of this domain. */

import { gnttabCopy } from '../../abi/grant-table.ts';
import { DOMID_SELF } from '../../abi/xen.ts';
import type { CopyForm } from '../common/copy-batch.ts';
import { PAGE_SIZE } from '../region.ts';

const { fields, size } = gnttabCopy;

export const XEN_COPY: CopyForm = {
  bytes: size,
  sourceWord: fields.sourceGmfn.at / 4,
  destWord: fields.destGmfn.at / 4,
  lengthWord: fields.len.at / 4,
  statusWord: fields.status.at / 4,
  putGrant: (words, word, domid, gref, offset) => {
    words[word] = gref;
    words[word + 1] = 0;
    words[word + 2] = (offset << 16) | domid;
  },
  putOwn: (words, word, address) => {
    words[word] = address / PAGE_SIZE;
    words[word + 1] = 0;
    words[word + 2] = ((address & (PAGE_SIZE - 1)) << 16) | DOMID_SELF;
  },
};
