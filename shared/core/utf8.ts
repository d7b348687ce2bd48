/**
 * Text and the bytes it is for Xen: xenstore and kernels know bytes, which latin1 strings carry.
 */

/**
 * In a text that came of bytes, a byte that is no UTF-8 stands as U+DC80 to U+DCFF, which no text
 * holds: nothing is lost on the way back.
 */
const STRAY_BASE = 0xdc00;
const STRAY = /^[\udc80-\udcff]$/;

/** A string whose char codes are the bytes of the text in UTF-8. */
export function utf8(text: string): string {
  return text.replace(/[^\0-\x7f]/gu, (char) => {
    if (STRAY.test(char)) return String.fromCharCode(char.charCodeAt(0) - STRAY_BASE);
    return unescapeBytes(encodeURIComponent(/\p{Surrogate}/u.test(char) ? '\ufffd' : char));
  });
}

/** Whether the text holds no byte that is no UTF-8. */
export function isUtf8(text: string): boolean {
  return !/\p{Surrogate}/u.test(text);
}

/** A run of whole UTF-8 (table 3-7 of the Unicode standard), or one byte that is none. */
const SEQUENCES = [
  '[\\0-\\x7f]',
  '[\\xc2-\\xdf][\\x80-\\xbf]',
  '\\xe0[\\xa0-\\xbf][\\x80-\\xbf]',
  '[\\xe1-\\xec\\xee\\xef][\\x80-\\xbf]{2}',
  '\\xed[\\x80-\\x9f][\\x80-\\xbf]',
  '\\xf0[\\x90-\\xbf][\\x80-\\xbf]{2}',
  '[\\xf1-\\xf3][\\x80-\\xbf]{3}',
  '\\xf4[\\x80-\\x8f][\\x80-\\xbf]{2}',
];
const RUNS = new RegExp(`(?:${SEQUENCES.join('|')}){1,1024}|[\\0-\\xff]`, 'g');

/** The text of a string of bytes: `utf8` gives the very bytes again, whatever they are. */
export function textOfBytes(bytes: string): string {
  if (isAscii(bytes)) return bytes;
  return bytes.replace(RUNS, (run) => {
    if (isAscii(run)) return run;
    if (run.length === 1) return String.fromCharCode(run.charCodeAt(0) + STRAY_BASE);
    return decodeURIComponent(escapeBytes(run));
  });
}

/** The text of such a string; the string itself if its bytes are no UTF-8, or it holds no bytes. */
export function fromUtf8(bytes: string): string {
  if (isAscii(bytes) || /[^\0-\xff]/.test(bytes)) return bytes;
  try {
    return decodeURIComponent(escapeBytes(bytes));
  } catch {
    return bytes;
  }
}

function isAscii(text: string): boolean {
  return !/[^\0-\x7f]/.test(text);
}

function escapeBytes(bytes: string): string {
  const hex = (c: string): string => c.charCodeAt(0).toString(16).padStart(2, '0');
  return bytes.replace(/[%\x80-\xff]/g, (c) => `%${hex(c)}`);
}

function unescapeBytes(text: string): string {
  return text.replace(/%([0-9A-F]{2})/g, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
}
