/** Pages that guests have granted, and copies between them and a backend's memory. */

import { assert } from '../../../shared/core/assert.ts';
import type { Errno } from '../../../shared/core/errno.ts';
import type { CopyBatch } from '../../../shared/platform/grants.ts';
import { PAGE_SIZE } from '../../../shared/platform/region.ts';

/** By their references. */
export type Pages = Map<number, Uint8Array>;

/** By the domid of who has granted them. */
export type GuestPages = Map<number, Pages>;

type Copy = () => Errno | undefined;

const nothing = new Int32Array(1);

/** A moment at which a process may be killed, beside its stores (blk/deaths.ts). */
export function mayDie(): void {
  Atomics.store(nothing, 0, 0);
}

export function createFakeBatch(guests: GuestPages, max: number): CopyBatch {
  const errors: (Errno | undefined)[] = [];
  const todo: Copy[] = [];
  const add =
    (isToGuest: boolean): CopyBatch['toGuest'] =>
    (domid, gref, offset, { bytes }, at, size) => {
      assert(todo.length < max, 'too many copies');
      assert(size > 0, 'an empty copy');
      const inPage = (at & (PAGE_SIZE - 1)) + size <= PAGE_SIZE;
      assert(offset + size <= PAGE_SIZE && inPage, 'a copy across a page');
      assert(at >= 0 && at + size <= bytes.length, 'a copy outside its memory');
      todo.push(() => {
        const page = guests.get(domid)?.get(gref);
        if (page === undefined) return 'EINVAL';
        if (isToGuest) page.set(bytes.subarray(at, at + size), offset);
        else bytes.set(page.subarray(offset, offset + size), at);
        return undefined;
      });
    };
  return {
    max,
    get count() {
      return todo.length;
    },
    clear: () => {
      todo.length = 0;
      errors.length = 0;
    },
    fromGuest: add(false),
    toGuest: add(true),
    run: () => {
      for (const copy of todo) {
        mayDie();
        errors.push(copy());
      }
      return errors.filter((error) => error !== undefined).length;
    },
    error: (index) => errors[index],
  };
}
