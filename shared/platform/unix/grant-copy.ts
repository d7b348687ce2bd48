/** Copies between granted pages and memory of ours, by the hypervisor, in batches. */

import { xengnttabGrantCopySegment } from '../../abi/gnttab-lib.ts';
import * as gnttab from '../../abi/grant-table.ts';
import { assert } from '../../core/assert.ts';
import type { Errno } from '../../core/errno.ts';
import { fail, ok, type Result } from '../../core/result.ts';
import type { CopyEnd, CopyOp } from '../grants.ts';
import { PAGE_SIZE, type Region } from '../region.ts';

const SEGMENT = xengnttabGrantCopySegment.fields;
const SEGMENT_BYTES = xengnttabGrantCopySegment.size;

/** Copies given to the kernel at a time. */
const BATCH = 128;

const STATUS: Readonly<Record<number, Errno>> = {
  [gnttab.GNTST_bad_domain]: 'ESRCH',
  [gnttab.GNTST_bad_gntref]: 'EINVAL',
  [gnttab.GNTST_permission_denied]: 'EACCES',
  [gnttab.GNTST_bad_page]: 'EINVAL',
  [gnttab.GNTST_bad_copy_arg]: 'EINVAL',
  [gnttab.GNTST_eagain]: 'EAGAIN',
  [gnttab.GNTST_no_space]: 'ENOSPC',
};

/** From offset to end within one page, and inside the region. */
function fits(end: CopyEnd, size: number): boolean {
  const { offset } = end;
  if (offset < 0 || size < 0) return false;
  if (!('region' in end)) return offset + size <= PAGE_SIZE;
  return (offset % PAGE_SIZE) + size <= PAGE_SIZE && offset + size <= end.region.bytes.length;
}

/** Both ends ours: nothing for the hypervisor to do, and gntdev refuses it. */
function copyOwn({ from, to, size }: CopyOp): boolean {
  if (!('region' in from && 'region' in to)) return false;
  to.region.bytes.set(from.region.bytes.subarray(from.offset, from.offset + size), to.offset);
  return true;
}

export interface CopyDevice {
  /** Where a region of ours lies. */
  addressOf(region: Region): number | undefined;
  /** Runs `count` segments; their statuses are written into them. */
  run(count: number, segments: Uint8Array): Result<void>;
}

/** Segments of one batch, written and read in place. */
class Batch {
  readonly bytes = new Uint8Array(BATCH * SEGMENT_BYTES);
  readonly #view = new DataView(this.bytes.buffer);

  write(index: number, op: CopyOp, device: CopyDevice): void {
    const at = index * SEGMENT_BYTES;
    const fromGrant = this.#writeEnd(at, op.from, 'source', device);
    const toGrant = this.#writeEnd(at, op.to, 'dest', device);
    const flags =
      (fromGrant ? gnttab.GNTCOPY_source_gref : 0) | (toGrant ? gnttab.GNTCOPY_dest_gref : 0);
    this.#view.setUint16(at + SEGMENT.len.at, op.size, true);
    this.#view.setUint16(at + SEGMENT.flags.at, flags, true);
    this.#view.setInt16(at + SEGMENT.status.at, gnttab.GNTST_general_error, true);
  }

  status(index: number): number {
    return this.#view.getInt16(index * SEGMENT_BYTES + SEGMENT.status.at, true);
  }

  /** True for a granted page. */
  #writeEnd(at: number, end: CopyEnd, side: 'source' | 'dest', device: CopyDevice): boolean {
    if ('region' in end) {
      const start = device.addressOf(end.region);
      assert(start !== undefined, 'a copy of a region that is not mapped');
      const address = BigInt(start + end.offset);
      this.#view.setBigUint64(at + SEGMENT[`${side}Virt`].at, address, true);
      return false;
    }
    this.#view.setUint32(at + SEGMENT[`${side}Ref`].at, end.gref, true);
    this.#view.setUint16(at + SEGMENT[`${side}Offset`].at, end.offset, true);
    this.#view.setUint16(at + SEGMENT[`${side}Domid`].at, end.domid, true);
    return true;
  }
}

export function copier(device: CopyDevice): (ops: readonly CopyOp[]) => readonly Result<void>[] {
  const batch = new Batch();
  const flush = (indices: readonly number[], out: Result<void>[]) => {
    const whole = device.run(indices.length, batch.bytes);
    indices.forEach((index, i) => {
      const status = batch.status(i);
      if (!whole.ok) out[index] = whole;
      else if (status === gnttab.GNTST_okay) out[index] = ok();
      else out[index] = fail(STATUS[status] ?? 'EIO', `grant copy refused with status ${status}`);
    });
  };
  return (ops) => {
    const out: Result<void>[] = new Array(ops.length);
    let indices: number[] = [];
    ops.forEach((op, index) => {
      if (!fits(op.from, op.size) || !fits(op.to, op.size)) {
        out[index] = fail('EINVAL', 'a grant copy across the end of a page');
      } else if (copyOwn(op)) {
        out[index] = ok();
      } else {
        batch.write(indices.length, op, device);
        indices.push(index);
        if (indices.length === BATCH) {
          flush(indices, out);
          indices = [];
        }
      }
    });
    if (indices.length > 0) flush(indices, out);
    return out;
  };
}
