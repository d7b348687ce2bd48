/**
 * Work on many bytes at a time, and on texts whose characters are bytes (latin1: Xen's own strings
 * are bytes). Loops, for an engine that compiles them: whatever is linked into a stub domain gets
 * the kernel's functions of the same names in their place (platform/stubdom/bytes.ts). Places lie
 * within the arrays.
 */

/** A string whose char codes are the bytes from `start` to `end`. */
export function latin1Of(bytes: Uint8Array, start: number, end: number): string {
  if (end - start <= 512) {
    return Reflect.apply(String.fromCharCode, undefined, bytes.subarray(start, end));
  }
  let text = '';
  for (let at = start; at < end; at += 512) text += latin1Of(bytes, at, Math.min(end, at + 512));
  return text;
}

/** Writes the low bytes of the char codes of `text` at `at`; where the next byte goes. */
export function putLatin1(bytes: Uint8Array, at: number, text: string): number {
  for (let i = 0; i < text.length; i++) bytes[at + i] = text.charCodeAt(i);
  return at + text.length;
}

/** How many characters `text` begins with whose codes `set` has a 1 for; all of it is ASCII. */
export function spanOf(text: string, set: Uint8Array): number {
  let i = 0;
  while (i < text.length && set[text.charCodeAt(i)] === 1) i++;
  return i;
}

/** A number, signed and of 32 bits, that is the same for texts whose low bytes are the same. */
export function hashOf(text: string): number {
  let hash = text.length;
  for (let i = 0; i < text.length; i++) {
    hash = (Math.imul(hash, 31) + (text.charCodeAt(i) & 0xff)) | 0;
  }
  return hash;
}

/** Writes four u32 at `at`, each with its low byte first. */
export function putWords(
  bytes: Uint8Array,
  at: number,
  first: number,
  second: number,
  third: number,
  fourth: number,
): void {
  putWord(bytes, at, first);
  putWord(bytes, at + 4, second);
  putWord(bytes, at + 8, third);
  putWord(bytes, at + 12, fourth);
}

function putWord(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value;
  bytes[at + 1] = value >>> 8;
  bytes[at + 2] = value >>> 16;
  bytes[at + 3] = value >>> 24;
}

/** From so many bytes on a copy through a view is faster, though the view is garbage afterwards. */
const VIEW_BYTES = 96;

/** Copies bytes between arrays that do not overlap. */
export function copyBytes(
  from: Uint8Array,
  start: number,
  to: Uint8Array,
  at: number,
  count: number,
): void {
  if (count >= VIEW_BYTES) to.set(from.subarray(start, start + count), at);
  else for (let i = 0; i < count; i++) to[at + i] = from[start + i] as number;
}
