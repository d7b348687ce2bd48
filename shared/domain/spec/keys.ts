/** Every key of xl.cfg(5): for validation, for did-you-mean and for `xtl explain`. */

import { BOOT_KEYS } from './keys-boot.ts';
import { DEVICE_KEYS } from './keys-devices.ts';
import { HVM_KEYS } from './keys-hvm.ts';
import { RESOURCE_KEYS } from './keys-resources.ts';

export type KeyType =
  | 'string'
  | 'number'
  | 'boolean'
  | 'list'
  | 'string or list'
  | 'number or string';

/**
 * - `now`: xtl acts on it
 * - `later`: known, not built yet; the VM is made without it, with a warning
 * - `refused`: known, not built yet, and a VM without it would not be what was asked for
 * - `other type`: means nothing for a PVH guest; xl reads it and passes over it
 * - `gone`: deprecated or without effect in xl itself
 */
export type KeyStatus = 'now' | 'later' | 'refused' | 'other type' | 'gone';

export interface KeyExtra {
  /** The Xen release that brought the key, if it is newer than 4.17. */
  readonly since?: string;
  readonly values?: readonly string[];
  readonly unit?: string;
  readonly example?: string;
  /** What xl refuses, and so does xtl, even where it does not act on the key. */
  readonly form?: KeyForm;
  /** Where xtl refuses what xl takes, and why. */
  readonly stricter?: string;
}

/**
 * One of the values in any case, or exactly; one of them or its index; a number from 0 to 2^31 - 1;
 * a list, not a single value; ranges of processors; nothing, since a kernel is given as well.
 */
export type KeyForm =
  | 'name'
  | 'exact name'
  | 'name or index'
  | 'count'
  | 'list'
  | 'cpus'
  | 'not beside kernel';

/** Name, type, default as one would write it (or `-` for none), status, one sentence, the rest. */
export type KeyRow = readonly [
  name: string,
  type: KeyType,
  fallback: string,
  status: KeyStatus,
  doc: string,
  extra?: KeyExtra,
];

export interface KeyDoc extends KeyExtra {
  readonly name: string;
  readonly type: KeyType;
  /** As one would write it; absent if there is none. */
  readonly fallback?: string;
  readonly status: KeyStatus;
  readonly doc: string;
}

function keyDoc([name, type, fallback, status, doc, extra = {}]: KeyRow): KeyDoc {
  return { name, type, status, doc, ...(fallback === '-' ? {} : { fallback }), ...extra };
}

export const KEYS: ReadonlyMap<string, KeyDoc> = new Map(
  [...BOOT_KEYS, ...RESOURCE_KEYS, ...DEVICE_KEYS, ...HVM_KEYS].map((row) => [row[0], keyDoc(row)]),
);
