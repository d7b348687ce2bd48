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
