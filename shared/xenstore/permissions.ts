/** A node's permission list and its text on the wire: `n0`, `r5` (xenstore.txt, GET_PERMS). */

import type { Result } from '../core/result.ts';
import { fail, ok } from '../core/result.ts';
import { strtoulWhole } from './c-number.ts';

/** n none, r read, w write, b both. */
export type Access = 'n' | 'r' | 'w' | 'b';

/** Entry 0 of a list names the owner and what everybody else may do; later ones, single domains. */
export interface Permission {
  /** A u32: older lists may name domains that are gone, and nothing checks the range. */
  readonly domid: number;
  readonly access: Access;
}

export function canRead(access: Access): boolean {
  return access === 'r' || access === 'b';
}

export function canWrite(access: Access): boolean {
  return access === 'w' || access === 'b';
}

/** `r5`. The domid is printed as an int, as C xenstored does. */
export function formatPermission(permission: Permission): string {
  return `${permission.access}${permission.domid | 0}`;
}

/** The opposite, by the rules of C's strtol with base 0; EINVAL. */
export function parsePermission(text: string): Result<Permission> {
  const access = text.charAt(0);
  if (access !== 'n' && access !== 'r' && access !== 'w' && access !== 'b') {
    return fail('EINVAL', `permission '${text}' must start with n, r, w or b`);
  }
  const domid = strtoulWhole(text.slice(1));
  if (domid === undefined) return fail('EINVAL', `permission '${text}' names no domain`);
  return ok({ domid, access });
}

/** A whole list, at least one entry; EINVAL. */
export function parsePermissions(texts: readonly string[]): Result<readonly Permission[]> {
  if (texts.length === 0) return fail('EINVAL', 'a permission list needs an owner');
  const list: Permission[] = [];
  for (const text of texts) {
    const one = parsePermission(text);
    if (!one.ok) return one;
    list.push(one.value);
  }
  return ok(list);
}
