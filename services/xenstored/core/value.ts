/** Values of nodes: short ones as latin1 strings, which cost little memory, long ones as bytes. */

import { latin1Of } from '../../../shared/core/bytes.ts';
import { STRING_VALUE_MAX } from './limits.ts';

export type Value = string | Uint8Array;

/** A copy of the bytes from `start` to `end`. */
export function valueFrom(bytes: Uint8Array, start: number, end: number): Value {
  return end - start <= STRING_VALUE_MAX ? latin1Of(bytes, start, end) : bytes.slice(start, end);
}
