/** The error strings of the wire (the ABI's XSD_ERRORS). */

import { XSD_ERRORS } from '../abi/xs-wire.ts';
import type { Errno } from '../core/errno.ts';

export type WireError = (typeof XSD_ERRORS)[number];

const KNOWN = new Set<string>(XSD_ERRORS);

export function isWireError(text: string): text is WireError {
  return KNOWN.has(text);
}

/** What a store says for `errno`: its name, or EINVAL for one that the wire cannot carry. */
export function toWireError(errno: Errno): WireError {
  return isWireError(errno) ? errno : 'EINVAL';
}

/**
 * What a client makes of an ERROR's text: EINVAL for a string that no header lists, as Linux
 * does.
 */
export function fromWireError(text: string): WireError {
  return isWireError(text) ? text : 'EINVAL';
}

const REASONS: Readonly<Record<WireError, string>> = {
  EINVAL: 'a path, permission or other argument is not valid',
  EACCES: 'not permitted',
  EEXIST: 'it is there already',
  EISDIR: 'it is a directory',
  ENOENT: 'there is no such node',
  ENOMEM: 'over a quota of memory, or the store has no more',
  ENOSPC: 'over a quota',
  EIO: 'the store failed',
  ENOTEMPTY: 'it is not empty',
  ENOSYS: 'this store does not know that request',
  EROFS: 'it can only be read',
  EBUSY: 'too busy',
  EAGAIN: 'others changed what the transaction read',
  EISCONN: 'it is connected already',
  E2BIG: 'too large',
  EPERM: 'not permitted',
};

/** What an error means to who made the request. */
export function wireErrorReason(error: WireError): string {
  return REASONS[error];
}
