/** Copies by the hypervisor between granted pages and pages of the caller. */

import { assert } from '../../core/assert.ts';
import type { Errno } from '../../core/errno.ts';
import type { Domid, Gref } from '../../core/ids.ts';
import { ok, type Result } from '../../core/result.ts';
import { checkCopy } from '../common/copy-batch.ts';
import type { CopyBatch } from '../grants.ts';
import type { Region } from '../region.ts';
import type { SimDomain } from './domain.ts';
import { bytesOf } from './frame.ts';
import { grantedFrame } from './grant-table.ts';

import { findDomain, note, type World } from './world.ts';

interface Operation {
  readonly domid: Domid;
  readonly gref: Gref;
  readonly offset: number;
  readonly region: Region;
  readonly at: number;
  readonly size: number;
  readonly isToGuest: boolean;
  error: Errno | undefined;
}

/** The bytes of the granted page that an operation is about. */
function grantedBytes(world: World, user: SimDomain, op: Operation): Result<Uint8Array> {
  const owner = findDomain(world, op.domid);
  if (!owner.ok) return owner;
  const granted = grantedFrame(owner.value, user, op.gref, op.isToGuest ? 'rw' : 'ro');
  if (!granted.ok) return granted;
  return ok(bytesOf(granted.value).subarray(op.offset, op.offset + op.size));
}

function copy(world: World, user: SimDomain, op: Operation): void {
  const granted = grantedBytes(world, user, op);
  op.error = granted.ok ? undefined : granted.error.errno;
  if (!granted.ok) return;
  const own = op.region.bytes.subarray(op.at, op.at + op.size);
  if (op.isToGuest) granted.value.set(own);
  else own.set(granted.value);
}

export function createCopyBatch(world: World, user: SimDomain, max: number): CopyBatch {
  const operations: Operation[] = [];
  const add = (
    isToGuest: boolean,
    ...[domid, gref, offset, region, at, size]: Parameters<CopyBatch['toGuest']>
  ): void => {
    assert(operations.length < max, `more than ${max} copies`);
    checkCopy(offset, region, at, size);
    operations.push({ domid, gref, offset, region, at, size, isToGuest, error: 'EIO' });
  };
  return {
    max,
    get count() {
      return operations.length;
    },
    clear: () => {
      operations.length = 0;
    },
    fromGuest: (...args) => add(false, ...args),
    toGuest: (...args) => add(true, ...args),
    run: () => {
      world.views.sync();
      const errno = world.faults.strike('grants.copy', user.domid);
      for (const each of operations) {
        if (errno === undefined) copy(world, user, each);
        else each.error = errno;
      }
      world.views.sync();
      const failed = operations.filter(({ error }) => error !== undefined).length;
      note(world, `d${user.domid} grants.copy ${operations.length} -> ${failed} failed`);
      return failed;
    },
    error: (index) => operations[index]?.error,
  };
}
