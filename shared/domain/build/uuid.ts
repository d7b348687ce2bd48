/** UUIDs as text (lower case, dashes) and as the 16 bytes of a domain's handle, in text order. */

import { assert } from '../../core/assert.ts';

export function formatUuid(bytes: Uint8Array): string {
  assert(bytes.length === 16, 'a uuid has 16 bytes');
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}

export function parseUuid(text: string): Uint8Array {
  const hex = text.replaceAll('-', '');
  assert(/^[0-9a-f]{32}$/.test(hex), `uuid ${text}`);
  return Uint8Array.from({ length: 16 }, (_, i) =>
    Number.parseInt(hex.slice(2 * i, 2 * i + 2), 16),
  );
}

/** A version 4 uuid of 16 random bytes. */
export function randomUuid(random: Uint8Array): string {
  const bytes = random.slice(0, 16);
  bytes[6] = ((bytes[6] as number) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] as number) & 0x3f) | 0x80;
  return formatUuid(bytes);
}
