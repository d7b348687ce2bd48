/** MAC addresses as text, as xl.cfg and ip(8) write them. */

import { MAC_BYTES } from './numbers.ts';

const FORM = /^[0-9a-f]{1,2}(:[0-9a-f]{1,2}){5}$/i;

/** Six bytes; undefined: it is no such text. */
export function parseMac(text: string): Uint8Array | undefined {
  if (!FORM.test(text)) return undefined;
  return Uint8Array.from(text.split(':'), (part) => Number.parseInt(part, 16));
}

/** Of the six bytes at `at`. */
export function formatMac(bytes: Uint8Array, at: number): string {
  const parts: string[] = [];
  for (let i = 0; i < MAC_BYTES; i++) {
    parts.push((bytes[at + i] as number).toString(16).padStart(2, '0'));
  }
  return parts.join(':');
}
