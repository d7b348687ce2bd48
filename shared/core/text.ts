/** Bytes and strings. Xen's own strings are bytes; latin1 keeps them one to one, without loss. */

import { latin1Of, putLatin1 } from './bytes.ts';

/** A string whose char codes are the bytes. */
export function fromLatin1(bytes: Uint8Array): string {
  return latin1Of(bytes, 0, bytes.length);
}

/** The low byte of every char code. */
export function toLatin1(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  putLatin1(bytes, 0, text);
  return bytes;
}
