/** Grants of dom0: offers through gntalloc, mappings and copies through gntdev. */

import { xengnttabGrantCopySegment } from '../../abi/gnttab-lib.ts';
import * as gnttab from '../../abi/grant-table.ts';
import { assert } from '../../core/assert.ts';
import type { Errno } from '../../core/errno.ts';
import { type Domid, type Gref, gref } from '../../core/ids.ts';
import { fail, ok, type Result } from '../../core/result.ts';
import type { CopyEnd, CopyOp, Grants, Offer } from '../grants.ts';
import { PAGE_SIZE, type Region } from '../region.ts';
import { lastFailure, once } from './ffi.ts';
import { PROT_READ, PROT_WRITE, quietLogger, xengnttab } from './libraries.ts';
import { type Mapping, Regions } from './regions.ts';

type Library = Extract<ReturnType<typeof xengnttab>, { ok: true }>['value'];

interface Handle {
  readonly library: Library;
  readonly handle: number;
}

const openMaps = (): Result<Handle> => {
  const library = xengnttab();
  if (!library.ok) return library;
  const handle = library.value.xengnttab_open(quietLogger(), 0);
  if (handle === 0) return lastFailure('cannot open the grant device /dev/xen/gntdev');
  return ok({ library: library.value, handle });
};

const openOffers = (): Result<Handle> => {
  const library = xengnttab();
  if (!library.ok) return library;
  const handle = library.value.xengntshr_open(quietLogger(), 0);
  if (handle === 0) return lastFailure('cannot open the grant device /dev/xen/gntalloc');
  return ok({ library: library.value, handle });
};

const SEGMENT = xengnttabGrantCopySegment.fields;
const SEGMENT_BYTES = xengnttabGrantCopySegment.size;

const STATUS: Readonly<Record<number, Errno>> = {
  [gnttab.GNTST_bad_domain]: 'ESRCH',
  [gnttab.GNTST_bad_gntref]: 'EINVAL',
  [gnttab.GNTST_permission_denied]: 'EACCES',
  [gnttab.GNTST_bad_page]: 'EINVAL',
  [gnttab.GNTST_bad_copy_arg]: 'EINVAL',
  [gnttab.GNTST_eagain]: 'EAGAIN',
  [gnttab.GNTST_no_space]: 'ENOSPC',
};

/** Copies given to the kernel at a time. */
const COPY_BATCH = 128;

/** From offset to end within one page, at both ends, and inside the region. */
function fits(end: CopyEnd, size: number): boolean {
  const { offset } = end;
  if (offset < 0 || size < 0) return false;
  if ('region' in end) {
    return (offset % PAGE_SIZE) + size <= PAGE_SIZE && offset + size <= end.region.bytes.length;
  }
  return offset + size <= PAGE_SIZE;
}

export interface UnixGrants extends Grants {
  closeAll(): void;
}

/** `addressOf` finds regions of the other ports: copies may take any region of ours. */
export function grants(addressOf: (region: Region) => number | undefined): UnixGrants {
  const maps = once(openMaps);
  const shares = once(openOffers);
  const mapped = new Regions<Mapping>();
  const offered = new Regions<Mapping>();
  const segments = new DataView(new ArrayBuffer(COPY_BATCH * SEGMENT_BYTES));
  const segmentBytes = new Uint8Array(segments.buffer);

  const offer = (remote: Domid, count: number, access: 'ro' | 'rw'): Result<Offer> => {
    const opened = shares();
    if (!opened.ok) return opened;
    const { library, handle } = opened.value;
    const refs = new Uint32Array(count);
    const writable = access === 'rw' ? 1 : 0;
    const address = library.xengntshr_share_pages(handle, remote, count, refs, writable);
    if (address === 0) return lastFailure(`cannot offer ${count} pages to domain ${remote}`);
    return ok({ region: offered.add({ address, pages: count }), grefs: Array.from(refs, gref) });
  };

  const revoke = ({ region }: Offer) => {
    const { address, pages } = offered.remove(region);
    const opened = shares();
    assert(opened.ok, 'an offer exists without its device');
    opened.value.library.xengntshr_unshare(opened.value.handle, address, pages);
  };

  const mapOnce = (of: Domid, refs: Uint32Array, prot: number): Result<number> => {
    const opened = maps();
    if (!opened.ok) return opened;
    const { library, handle } = opened.value;
    const address = library.xengnttab_map_domain_grant_refs(handle, refs.length, of, refs, prot);
    if (address === 0) return lastFailure(`cannot map ${refs.length} grants of domain ${of}`);
    return ok(address);
  };

  const unmapAddress = ({ address, pages }: Mapping) => {
    const opened = maps();
    assert(opened.ok, 'a mapping exists without its device');
    opened.value.library.xengnttab_unmap(opened.value.handle, address, pages);
  };

  const map = (of: Domid, grefs: readonly Gref[], access: 'ro' | 'rw'): Result<Region> => {
    const refs = Uint32Array.from(grefs);
    const made = mapOnce(of, refs, access === 'rw' ? PROT_READ | PROT_WRITE : PROT_READ);
    if (made.ok) return ok(mapped.add({ address: made.value, pages: refs.length }));
    if (access === 'ro' || made.error.errno !== 'EINVAL') return made;
    // gntdev reports every refusal as EINVAL: what can be mapped to read was refused the write.
    const readable = mapOnce(of, refs, PROT_READ);
    if (!readable.ok) return made;
    unmapAddress({ address: readable.value, pages: refs.length });
    return fail('EACCES', `the grants of domain ${of} are read-only`);
  };

  /** Writes one end of a segment, its source or its destination; true for a granted page. */
  const writeEnd = (at: number, end: CopyEnd, side: 'source' | 'dest'): boolean => {
    if ('region' in end) {
      const address = mapped.find(end.region)?.address ?? offered.find(end.region)?.address;
      const start = address ?? addressOf(end.region);
      assert(start !== undefined, 'a copy of a region that is not mapped');
      segments.setBigUint64(at + SEGMENT[`${side}Virt`].at, BigInt(start + end.offset), true);
      return false;
    }
    segments.setUint32(at + SEGMENT[`${side}Ref`].at, end.gref, true);
    segments.setUint16(at + SEGMENT[`${side}Offset`].at, end.offset, true);
    segments.setUint16(at + SEGMENT[`${side}Domid`].at, end.domid, true);
    return true;
  };

  /** Both ends ours: nothing for the hypervisor to do, and gntdev refuses it. */
  const copyOwn = ({ from, to, size }: CopyOp): boolean => {
    if (!('region' in from && 'region' in to)) return false;
    to.region.bytes.set(from.region.bytes.subarray(from.offset, from.offset + size), to.offset);
    return true;
  };

  const copyBatch = (ops: readonly CopyOp[], indices: readonly number[], out: Result<void>[]) => {
    const opened = maps();
    indices.forEach((index, i) => {
      const at = i * SEGMENT_BYTES;
      const op = ops[index] as CopyOp;
      const fromGrant = writeEnd(at, op.from, 'source');
      const toGrant = writeEnd(at, op.to, 'dest');
      segments.setUint16(at + SEGMENT.len.at, op.size, true);
      const flags =
        (fromGrant ? gnttab.GNTCOPY_source_gref : 0) | (toGrant ? gnttab.GNTCOPY_dest_gref : 0);
      segments.setUint16(at + SEGMENT.flags.at, flags, true);
      segments.setInt16(at + SEGMENT.status.at, gnttab.GNTST_general_error, true);
    });
    const whole = opened.ok
      ? opened.value.library.xengnttab_grant_copy(
          opened.value.handle,
          indices.length,
          segmentBytes,
        ) === 0
        ? ok()
        : lastFailure('the kernel refused a batch of grant copies')
      : opened;
    indices.forEach((index, i) => {
      const status = segments.getInt16(i * SEGMENT_BYTES + SEGMENT.status.at, true);
      if (!whole.ok) out[index] = whole;
      else if (status === gnttab.GNTST_okay) out[index] = ok();
      else out[index] = fail(STATUS[status] ?? 'EIO', `grant copy refused with status ${status}`);
    });
  };

  const copy = (ops: readonly CopyOp[]): readonly Result<void>[] => {
    const out: Result<void>[] = new Array(ops.length);
    let batch: number[] = [];
    ops.forEach((op, index) => {
      if (!fits(op.from, op.size) || !fits(op.to, op.size)) {
        out[index] = fail('EINVAL', 'a grant copy across the end of a page');
      } else if (copyOwn(op)) {
        out[index] = ok();
      } else {
        batch.push(index);
        if (batch.length === COPY_BATCH) {
          copyBatch(ops, batch, out);
          batch = [];
        }
      }
    });
    if (batch.length > 0) copyBatch(ops, batch, out);
    return out;
  };

  return {
    offer,
    revoke,
    map,
    unmap: (region) => unmapAddress(mapped.remove(region)),
    copy,
    closeAll: () => {
      for (const region of mapped.all()) unmapAddress(mapped.remove(region));
      for (const region of offered.all()) revoke({ region, grefs: [] });
      const opened = maps.peek();
      if (opened) opened.library.xengnttab_close(opened.handle);
      const shared = shares.peek();
      if (shared) shared.library.xengntshr_close(shared.handle);
    },
  };
}
