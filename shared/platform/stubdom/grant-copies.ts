/** Copies between granted pages and regions of ours, in batches through the hypervisor. */

import * as gnttab from '../../abi/grant-table.ts';
import { __HYPERVISOR_grant_table_op, DOMID_SELF } from '../../abi/xen.ts';
import { assert } from '../../core/assert.ts';
import { type Errno, errnoName } from '../../core/errno.ts';
import type { Domid, Gref } from '../../core/ids.ts';
import { fail, ok, type Result } from '../../core/result.ts';
import type { CopyEnd, CopyOp, Grants } from '../grants.ts';
import { PAGE_SIZE, type Region } from '../region.ts';
import type { Kernel } from './kernel.ts';

/** A page of a region: at an address of ours, or one that is granted to us. */
export type LocalEnd =
  | { readonly address: number }
  | { readonly domid: Domid; readonly gref: Gref };

const STATUS: Readonly<Record<number, Errno>> = {
  [gnttab.GNTST_bad_domain]: 'ESRCH',
  [gnttab.GNTST_bad_gntref]: 'EINVAL',
  [gnttab.GNTST_permission_denied]: 'EACCES',
  [gnttab.GNTST_bad_page]: 'EINVAL',
  [gnttab.GNTST_bad_copy_arg]: 'EINVAL',
  [gnttab.GNTST_eagain]: 'EAGAIN',
  [gnttab.GNTST_no_space]: 'ENOSPC',
};

const COPY = gnttab.gnttabCopy.fields;
const COPY_BYTES = gnttab.gnttabCopy.size;
const BATCH_PAGES = 1;
const BATCH = Math.floor((BATCH_PAGES * PAGE_SIZE) / COPY_BYTES);
const PAGE_SHIFT = 12;

/** From offset to end within one page, at both ends, and inside the region. */
function fits(end: CopyEnd, size: number): boolean {
  const { offset } = end;
  if (offset < 0 || size < 0) return false;
  if ('region' in end) {
    return (offset % PAGE_SIZE) + size <= PAGE_SIZE && offset + size <= end.region.bytes.length;
  }
  return offset + size <= PAGE_SIZE;
}

/** The method `copy` of the grants port. ENOMEM without a page for its batches. */
export function grantCopies(
  kernel: Kernel,
  localEnd: (region: Region, page: number) => LocalEnd | undefined,
): Result<Grants['copy']> {
  const made = kernel.pages(BATCH_PAGES);
  if (typeof made === 'number') return fail(errnoName(made), 'no memory for grant copies');
  const address = kernel.address(made);
  const view = new DataView(made);

  /** Writes one end of a struct; true for a granted page. */
  const writeEnd = (at: number, end: CopyEnd, side: 'source' | 'dest'): boolean => {
    const [ref, gmfn] = [COPY[`${side}Ref`].at, COPY[`${side}Gmfn`].at];
    const local = 'region' in end ? localEnd(end.region, Math.floor(end.offset / PAGE_SIZE)) : end;
    assert(local !== undefined, 'a copy of a region that is not mapped');
    view.setUint16(at + COPY[`${side}Offset`].at, end.offset % PAGE_SIZE, true);
    if ('gref' in local) {
      view.setBigUint64(at + gmfn, 0n, true);
      view.setUint32(at + ref, local.gref, true);
      view.setUint16(at + COPY[`${side}Domid`].at, local.domid, true);
      return true;
    }
    const frame = Math.floor((local.address + end.offset) / 2 ** PAGE_SHIFT);
    view.setBigUint64(at + gmfn, BigInt(frame), true);
    view.setUint16(at + COPY[`${side}Domid`].at, DOMID_SELF, true);
    return false;
  };

  const copyBatch = (ops: readonly CopyOp[], indices: readonly number[], out: Result<void>[]) => {
    indices.forEach((index, i) => {
      const at = i * COPY_BYTES;
      const op = ops[index]!;
      const fromGrant = writeEnd(at, op.from, 'source');
      const toGrant = writeEnd(at, op.to, 'dest');
      view.setUint16(at + COPY.len.at, op.size, true);
      const flags =
        (fromGrant ? gnttab.GNTCOPY_source_gref : 0) | (toGrant ? gnttab.GNTCOPY_dest_gref : 0);
      view.setUint16(at + COPY.flags.at, flags, true);
      view.setInt16(at + COPY.status.at, gnttab.GNTST_general_error, true);
    });
    const result = kernel.hypercall(
      __HYPERVISOR_grant_table_op,
      gnttab.GNTTABOP_copy,
      address,
      indices.length,
    );
    indices.forEach((index, i) => {
      const status = view.getInt16(i * COPY_BYTES + COPY.status.at, true);
      if (result < 0) out[index] = fail(errnoName(result), 'Xen refused a batch of grant copies');
      else if (status === gnttab.GNTST_okay) out[index] = ok();
      else out[index] = fail(STATUS[status] ?? 'EIO', `grant copy refused with status ${status}`);
    });
  };

  /** Both ends ours: nothing for the hypervisor to do. */
  const copyOwn = ({ from, to, size }: CopyOp): boolean => {
    if (!('region' in from && 'region' in to)) return false;
    to.region.bytes.set(from.region.bytes.subarray(from.offset, from.offset + size), to.offset);
    return true;
  };

  return ok((ops) => {
    const out: Result<void>[] = new Array(ops.length);
    let batch: number[] = [];
    ops.forEach((op, index) => {
      if (!fits(op.from, op.size) || !fits(op.to, op.size)) {
        out[index] = fail('EINVAL', 'a grant copy across the end of a page');
      } else if (copyOwn(op)) {
        out[index] = ok();
      } else {
        batch.push(index);
        if (batch.length < BATCH) return;
        copyBatch(ops, batch, out);
        batch = [];
      }
    });
    if (batch.length > 0) copyBatch(ops, batch, out);
    return out;
  });
}
