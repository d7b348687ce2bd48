/**
 * Paths of the store, as latin1 strings, valid exactly where C xenstored 4.17 finds them valid
 * (tools/xenstore/xenstored_core.c @ RELEASE-4.17.7, is_valid_nodename and canonicalize).
 */

import { XENSTORE_REL_PATH_MAX } from '../abi/xs-wire.ts';
import { spanOf } from '../core/bytes.ts';

const SLASH = 0x2f;
const AT = 0x40;

const LEGAL = new Uint8Array(128);
for (const c of 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-/_@') {
  LEGAL[c.charCodeAt(0)] = 1;
}

/** The C library reads at most five characters of the number, a sign among them. */
const DOMAIN_PREFIX = /^\/local\/domain\/(?:-\d{1,4}|\d{1,5})\//;

/** The length of the `/local/domain/N/` that does not count against the limit; else 0. */
function uncounted(path: string): number {
  return path.startsWith('/local/domain/') ? (DOMAIN_PREFIX.exec(path)?.[0].length ?? 0) : 0;
}

/**
 * An absolute path: legal characters, no empty part, no slash at the end, not too long. C xenstored
 * never looks at XENSTORE_ABS_PATH_MAX: what counts is the length after `/local/domain/N/`.
 */
export function isValidPath(path: string, maxLength: number = XENSTORE_REL_PATH_MAX): boolean {
  const { length } = path;
  if (path.charCodeAt(0) !== SLASH || spanOf(path, LEGAL) < length) return false;
  if (path.includes('//') || (length > 1 && path.charCodeAt(length - 1) === SLASH)) return false;
  return length <= maxLength || length <= maxLength + uncounted(path);
}

/** `@introduceDomain` and its like: names of events, not nodes. */
export function isSpecial(path: string): boolean {
  return path.charCodeAt(0) === AT;
}

/** Neither absolute nor special, so that it starts at the connection's implicit path. */
export function isRelative(path: string): boolean {
  const first = path.charCodeAt(0);
  return first !== SLASH && first !== AT;
}

/**
 * The absolute form of `path` for a connection whose implicit path is `base`; not yet validated.
 */
export function absolute(path: string, base: string): string {
  return isRelative(path) ? `${base}/${path}` : path;
}

/** The path above; of `/x` and of `/` it is `/`. */
export function parentOf(path: string): string {
  const slash = path.lastIndexOf('/');
  return slash <= 0 ? '/' : path.slice(0, slash);
}

/** The last part of an absolute path; empty for `/`. */
export function baseOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/** The child's path: `/` joins without doubling. */
export function childOf(path: string, name: string): string {
  return path === '/' ? `/${name}` : `${path}/${name}`;
}

/** Whether `path` is `above` or lies below it. */
export function isWithin(path: string, above: string): boolean {
  if (above === '/') return true;
  if (!path.startsWith(above)) return false;
  return path.length === above.length || path.charCodeAt(above.length) === SLASH;
}

/** The store's path for a domain: where its relative paths start. */
export function domainPath(domid: number): string {
  return `/local/domain/${domid >>> 0}`;
}
