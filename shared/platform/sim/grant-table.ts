/** Grant tables: version 1 entries in frames that the owner writes and the hypervisor reads. */

import {
  GNTTAB_NR_RESERVED_ENTRIES,
  GTF_permit_access,
  GTF_reading,
  GTF_readonly,
  GTF_type_mask,
  GTF_writing,
  grantEntryV1,
} from '../../abi/grant-table.ts';
import type { Gref } from '../../core/ids.ts';
import { decode, encode, type Values } from '../../core/layout.ts';
import { fail, ok, type Result } from '../../core/result.ts';
import { PAGE_SIZE } from '../region.ts';
import type { SimDomain } from './domain.ts';
import { bytesOf, type Frame, frame } from './frame.ts';
import type { World } from './world.ts';

export const ENTRIES_PER_FRAME = PAGE_SIZE / grantEntryV1.size;

interface Pin {
  readers: number;
  writers: number;
  /** The offer has ended; the entry is freed with the last mapping. */
  ending: boolean;
}

export interface GrantTable {
  readonly frames: Frame[];
  readonly maxFrames: number;
  /** Most grants of others that the domain can map at a time. */
  readonly maxMaptrack: number;
  maptrack: number;
  readonly pins: Map<number, Pin>;
  /** The owner's bookkeeping: entries given back, and the first one never used. */
  readonly free: number[];
  nextUnused: number;
}

/** grant_table.c keeps 256 handles in a maptrack frame. */
const MAPTRACK_PER_FRAME = 256;

export function grantTable(maxFrames: number, maxMaptrackFrames: number): GrantTable {
  return {
    frames: [],
    maxFrames,
    maxMaptrack: maxMaptrackFrames * MAPTRACK_PER_FRAME,
    maptrack: 0,
    pins: new Map(),
    free: [],
    nextUnused: GNTTAB_NR_RESERVED_ENTRIES,
  };
}

/** Grows a domain's table to `count` frames. EINVAL beyond its limit, ENOMEM. */
export function growTable(
  world: World,
  domain: SimDomain,
  count: number,
  unmapped: (one: Frame) => void,
): Result<void> {
  const { frames, maxFrames } = domain.grants;
  if (count > maxFrames) return fail('EINVAL', `${count} grant frames, ${maxFrames} at most`);
  while (frames.length < count) {
    if (!world.memory.take(1)) return fail('ENOMEM', 'no memory for a grant table');
    domain.overheadPages++;
    frames.push(frame(unmapped));
  }
  return ok();
}

type Entry = Values<typeof grantEntryV1.fields>;

function place(table: GrantTable, ref: number): { bytes: Uint8Array; at: number } | undefined {
  const home = table.frames[Math.floor(ref / ENTRIES_PER_FRAME)];
  if (!home) return undefined;
  return { bytes: bytesOf(home), at: (ref % ENTRIES_PER_FRAME) * grantEntryV1.size };
}

function readEntry(table: GrantTable, ref: number): Entry | undefined {
  const found = place(table, ref);
  return found && decode(grantEntryV1, found.bytes, found.at);
}

export function writeEntry(table: GrantTable, ref: number, entry: Partial<Entry>): void {
  const found = place(table, ref);
  if (found) encode(grantEntryV1, found.bytes, found.at, entry);
}

/** The frame behind a reference, if `user` may use it that way. */
export function grantedFrame(
  owner: SimDomain,
  user: SimDomain,
  ref: Gref,
  access: 'ro' | 'rw',
): Result<Frame> {
  const entry = readEntry(owner.grants, ref);
  const bad = (why: string) => fail('EINVAL', `grant ${ref} of domain ${owner.domid} ${why}`);
  if (!entry || (entry.flags & GTF_type_mask) !== GTF_permit_access) return bad('is no grant');
  if (entry.domid !== user.domid) return bad('is for somebody else');
  if (access === 'rw' && entry.flags & GTF_readonly) {
    return fail('EACCES', `grant ${ref} of domain ${owner.domid} is read-only`);
  }
  const found = owner.physmap.frame(entry.frame);
  return found ? ok(found) : bad(`has no page behind it (gfn ${entry.frame})`);
}

/** Notes one more mapping of an entry, in the table as Xen does. */
export function pinEntry(owner: SimDomain, ref: Gref, access: 'ro' | 'rw'): void {
  const { pins } = owner.grants;
  const pin = pins.get(ref) ?? { readers: 0, writers: 0, ending: false };
  pins.set(ref, pin);
  pin.readers++;
  if (access === 'rw') pin.writers++;
  showPin(owner.grants, ref, pin);
}

export function unpinEntry(owner: SimDomain, ref: Gref, access: 'ro' | 'rw'): void {
  const { pins } = owner.grants;
  const pin = pins.get(ref);
  if (!pin) return;
  pin.readers--;
  if (access === 'rw') pin.writers--;
  showPin(owner.grants, ref, pin);
  if (pin.readers > 0) return;
  pins.delete(ref);
  if (pin.ending) freeEntry(owner.grants, ref);
}

function showPin(table: GrantTable, ref: Gref, pin: Pin): void {
  const entry = readEntry(table, ref);
  if (!entry) return;
  const used = (pin.readers > 0 ? GTF_reading : 0) | (pin.writers > 0 ? GTF_writing : 0);
  writeEntry(table, ref, { flags: (entry.flags & ~(GTF_reading | GTF_writing)) | used });
}

/** Ends a grant: no new mapping; the entry is free once nobody maps it. */
export function endGrant(table: GrantTable, ref: Gref): void {
  const pin = table.pins.get(ref);
  if (!pin) {
    freeEntry(table, ref);
    return;
  }
  pin.ending = true;
  const flags = readEntry(table, ref)?.flags ?? 0;
  writeEntry(table, ref, { flags: flags & ~GTF_type_mask });
}

function freeEntry(table: GrantTable, ref: Gref): void {
  writeEntry(table, ref, { flags: 0, domid: 0, frame: 0 });
  table.free.push(ref);
}
