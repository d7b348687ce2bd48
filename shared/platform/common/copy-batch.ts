/** A batch of copies in the hypervisor's or a library's own structures: what platforms share. */

import * as gnttab from '../../abi/grant-table.ts';
import { assert } from '../../core/assert.ts';
import type { Errno } from '../../core/errno.ts';
import type { CopyBatch } from '../grants.ts';
import { PAGE_SIZE, type Region } from '../region.ts';

const ERRNO: Readonly<Record<number, Errno>> = {
  [gnttab.GNTST_bad_domain]: 'ESRCH',
  [gnttab.GNTST_bad_gntref]: 'EINVAL',
  [gnttab.GNTST_permission_denied]: 'EACCES',
  [gnttab.GNTST_bad_page]: 'EINVAL',
  [gnttab.GNTST_bad_copy_arg]: 'EINVAL',
  [gnttab.GNTST_eagain]: 'EAGAIN',
  [gnttab.GNTST_no_space]: 'ENOSPC',
};

/** Asserts that a copy lies within one page at both ends, and in the region. */
export function checkCopy(offset: number, region: Region, at: number, size: number): void {
  const fits = (at & (PAGE_SIZE - 1)) + size <= PAGE_SIZE && at + size <= region.bytes.length;
  assert(size >= 0 && at >= 0 && fits, 'a copy across the end of a page of ours');
  assert(offset >= 0 && offset + size <= PAGE_SIZE, 'a copy across the end of a granted page');
}

/** How a structure holds a copy: places are words from its start. */
export interface CopyForm {
  readonly bytes: number;
  readonly sourceWord: number;
  readonly destWord: number;
  /** The length, with the flags above it. */
  readonly lengthWord: number;
  /** The status is its lower half. */
  readonly statusWord: number;
  /** Writes an end that is a page of a peer's at `word`. */
  putGrant(words: Uint32Array, word: number, domid: number, gref: number, offset: number): void;
  /** Writes an end that lies at an address of ours. */
  putOwn(words: Uint32Array, word: number, address: number): void;
}

export interface CopyDevice {
  /** Where a region of ours lies. */
  addressOf(region: Region): number | undefined;
  /** Makes the first `count` copies, and writes their statuses; false: none was made. */
  run(count: number): boolean;
}

/** `buffer` has room for `max` structures. */
export function createCopyBatch(
  form: CopyForm,
  device: CopyDevice,
  buffer: ArrayBuffer,
  max: number,
): CopyBatch {
  const { sourceWord, destWord, lengthWord, putGrant, putOwn } = form;
  const stride = form.bytes / 4;
  const words = new Uint32Array(buffer);
  const halves = new Int16Array(buffer);
  let count = 0;
  /** Looked up once for each run of copies with the same region. */
  let last: Region | undefined;
  let base = 0;

  const statusAt = (index: number): number => (index * stride + form.statusWord) * 2;
  const addressAt = (region: Region, at: number): number => {
    if (region !== last) {
      const address = device.addressOf(region);
      assert(address !== undefined, 'a copy of a region that is not ours');
      last = region;
      base = address;
    }
    return base + at;
  };
  const add = (offset: number, region: Region, at: number, size: number, flags: number): number => {
    assert(count < max, `more than ${max} copies`);
    checkCopy(offset, region, at, size);
    const first = count * stride;
    halves[statusAt(count)] = gnttab.GNTST_general_error;
    words[first + lengthWord] = (flags << 16) | size;
    count++;
    return first;
  };

  return {
    max,
    get count() {
      return count;
    },
    clear: () => {
      count = 0;
      last = undefined;
    },
    fromGuest: (domid, gref, offset, region, at, size) => {
      const first = add(offset, region, at, size, gnttab.GNTCOPY_source_gref);
      putGrant(words, first + sourceWord, domid, gref, offset);
      putOwn(words, first + destWord, addressAt(region, at));
    },
    toGuest: (domid, gref, offset, region, at, size) => {
      const first = add(offset, region, at, size, gnttab.GNTCOPY_dest_gref);
      putOwn(words, first + sourceWord, addressAt(region, at));
      putGrant(words, first + destWord, domid, gref, offset);
    },
    run: () => {
      if (count === 0) return 0;
      if (!device.run(count)) return count;
      let failed = 0;
      for (let i = 0; i < count; i++) {
        if (halves[statusAt(i)] !== gnttab.GNTST_okay) failed++;
      }
      return failed;
    },
    error: (index) => {
      assert(index < count, `copy ${index} of ${count}`);
      const status = halves[statusAt(index)] as number;
      return status === gnttab.GNTST_okay ? undefined : (ERRNO[status] ?? 'EIO');
    },
  };
}
