/** Values of nodes: short ones as latin1 strings, which cost little memory, long ones as bytes. */

import { STRING_VALUE_MAX } from './limits.ts';

export type Value = string | Uint8Array;

/** A string of the bytes from `start` to `end`. */
export function latin1Of(bytes: Uint8Array, start: number, end: number): string {
  if (end - start <= 512) {
    return Reflect.apply(String.fromCharCode, undefined, bytes.subarray(start, end));
  }
  let text = '';
  for (let at = start; at < end; at += 512) text += latin1Of(bytes, at, Math.min(end, at + 512));
  return text;
}

/** A copy of the bytes from `start` to `end`. */
export function valueFrom(bytes: Uint8Array, start: number, end: number): Value {
  return end - start <= STRING_VALUE_MAX ? latin1Of(bytes, start, end) : bytes.slice(start, end);
}

/** Writes a value at `at`. */
export function putValue(bytes: Uint8Array, at: number, value: Value): void {
  if (typeof value === 'string') {
    for (let i = 0; i < value.length; i++) bytes[at + i] = value.charCodeAt(i);
  } else bytes.set(value, at);
}
