/** Payloads that hold NUL-terminated strings. */

import { fromLatin1 } from '../core/text.ts';

/** The strings of a payload, each ended by a NUL; what follows the last NUL is no string. */
export function splitStrings(payload: Uint8Array): string[] {
  const texts: string[] = [];
  let start = 0;
  for (let nul = payload.indexOf(0); nul >= 0; nul = payload.indexOf(0, start)) {
    texts.push(fromLatin1(payload.subarray(start, nul)));
    start = nul + 1;
  }
  return texts;
}

/** The first string of a payload, with or without its NUL. */
export function firstString(payload: Uint8Array): string {
  const nul = payload.indexOf(0);
  return fromLatin1(nul < 0 ? payload : payload.subarray(0, nul));
}

/** Whether every char code fits a byte and none is NUL. */
export function isCString(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c === 0 || c > 255) return false;
  }
  return true;
}

/** Whether every char code fits a byte. */
export function isLatin1(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 255) return false;
  return true;
}
