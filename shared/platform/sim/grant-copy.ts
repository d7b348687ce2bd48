/** Copies by the hypervisor between granted pages and pages of the caller. */

import { fail, ok, type Result } from '../../core/result.ts';
import type { CopyEnd, CopyOp } from '../grants.ts';
import { PAGE_SIZE } from '../region.ts';
import type { SimDomain } from './domain.ts';
import { bytesOf } from './frame.ts';
import { grantedFrame } from './grant-table.ts';
import { findDomain, type World } from './world.ts';

export function copyOne(world: World, user: SimDomain, op: CopyOp): Result<void> {
  const from = endBytes(world, user, op.from, op.size, 'ro');
  if (!from.ok) return from;
  const to = endBytes(world, user, op.to, op.size, 'rw');
  if (!to.ok) return to;
  to.value.set(from.value);
  return ok();
}

function endBytes(
  world: World,
  user: SimDomain,
  end: CopyEnd,
  size: number,
  access: 'ro' | 'rw',
): Result<Uint8Array> {
  const { offset } = end;
  const within = 'region' in end ? offset % PAGE_SIZE : offset;
  if (!(offset >= 0 && size >= 0 && within + size <= PAGE_SIZE) || within >= PAGE_SIZE) {
    return fail('EINVAL', `${size} bytes at ${offset} cross the end of a page`);
  }
  if ('region' in end) {
    const { bytes } = end.region;
    if (offset + size > bytes.length) return fail('EINVAL', `${offset} is outside the region`);
    return ok(bytes.subarray(offset, offset + size));
  }
  const owner = findDomain(world, end.domid);
  if (!owner.ok) return owner;
  const granted = grantedFrame(owner.value, user, end.gref, access);
  if (!granted.ok) return granted;
  return ok(bytesOf(granted.value).subarray(offset, offset + size));
}
