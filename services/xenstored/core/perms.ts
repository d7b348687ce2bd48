/**
 * Permission lists as nodes hold them, and what they allow (xenstored_core.c perm_for_conn and what
 * domain_adjust_node_perms achieves @ RELEASE-4.17.7).
 */

import type { Access, Permission } from '../../../shared/xenstore/permissions.ts';
import { formatPermission } from '../../../shared/xenstore/permissions.ts';
import { PERMS_CACHE_SLOTS } from './limits.ts';

/**
 * An entry is ignored if its domain did not exist when the list was set: a later one gets no
 * rights.
 */
export interface PermEntry extends Permission {
  readonly ignored: boolean;
}

/** At least one entry: the owner. */
export type PermEntries = readonly [PermEntry, ...PermEntry[]];

/** Immutable, shared by a node with all that inherit from it. */
export interface Perms {
  readonly entries: PermEntries;
  /** When the list was set: entries for domains younger than that mean others. */
  readonly generation: number;
}

/** xen.h @ RELEASE-4.22.0: an entry for every domain. */
export const DOMID_ANY = 0x7ff5;

export const READ = 1;
export const WRITE = 2;
export const OWNER = 4;
const ALL = READ | WRITE | OWNER;

const BITS: Readonly<Record<Access, number>> = { n: 0, r: READ, w: WRITE, b: READ | WRITE };

/** Who asks: its domain, and the one that it stands in for (SET_TARGET). */
export interface Subject {
  readonly privileged: boolean;
  readonly domid: number;
  readonly target: { readonly domid: number } | undefined;
}

/** Whether an entry for `domid`, set at `generation`, means the domain that has the number now. */
export type IsFresh = (domid: number, generation: number) => boolean;

function names(entry: PermEntry, subject: Subject): boolean {
  return (
    entry.domid === subject.domid ||
    (subject.target !== undefined && entry.domid === subject.target.domid)
  );
}

export function ownerOf(perms: Perms): number {
  return perms.entries[0].domid;
}

/** What a list allows: bits READ, WRITE, OWNER. */
export function allowed(subject: Subject, perms: Perms, isFresh: IsFresh): number {
  const { entries, generation } = perms;
  const owner = entries[0];
  if (subject.privileged || owner.domid === subject.domid || names(owner, subject)) return ALL;
  for (let i = 1; i < entries.length; i++) {
    const entry = entries[i] as PermEntry;
    if (entry.ignored) continue;
    if (entry.domid === DOMID_ANY) return BITS[entry.access];
    if (names(entry, subject) && isFresh(entry.domid, generation)) return BITS[entry.access];
  }
  return BITS[entries[0].access];
}

const cache: (Perms | undefined)[] = new Array(PERMS_CACHE_SLOTS).fill(undefined);

function equal(a: PermEntries, b: PermEntries): boolean {
  return (
    a.length === b.length &&
    a.every((entry, i) => {
      const other = b[i] as PermEntry;
      return (
        entry.domid === other.domid &&
        entry.access === other.access &&
        entry.ignored === other.ignored
      );
    })
  );
}

/**
 * A list set at `generation`; the same object for an equal list of that time, while one is known.
 */
export function permsOf(entries: PermEntries, generation: number): Perms {
  let hash = Math.imul(generation, 0x9e3779b1);
  for (const { domid, access, ignored } of entries) {
    hash = (Math.imul(hash, 31) + domid * 8 + BITS[access] * 2 + (ignored ? 1 : 0)) | 0;
  }
  const index = (hash ^ (hash >>> 15)) & (PERMS_CACHE_SLOTS - 1);
  const known = cache[index];
  if (known?.generation === generation && equal(known.entries, entries)) return known;
  const perms = { entries, generation };
  cache[index] = perms;
  return perms;
}

/** The list for a node that `domid` creates below one with `perms`. */
export function withOwner(perms: Perms, domid: number): Perms {
  const [owner, ...others] = perms.entries;
  if (owner.domid === domid) return perms;
  return permsOf([{ ...owner, domid }, ...others], perms.generation);
}

/** As GET_PERMS sends it: each entry and a NUL. */
export function permsText(perms: Perms): string {
  return perms.entries.map((entry) => `${formatPermission(entry)}\0`).join('');
}
