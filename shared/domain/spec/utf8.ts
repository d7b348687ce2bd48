/**
 * Text and the bytes it is for Xen: xenstore and kernels know bytes, which latin1 strings carry.
 */

/** A string whose char codes are the bytes of the text in UTF-8. */
export function utf8(text: string): string {
  return encodeURIComponent(text.replace(/\p{Surrogate}/gu, '\ufffd')).replace(
    /%([0-9A-F]{2})/g,
    (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)),
  );
}

/** The text of such a string; the string itself if its bytes are no UTF-8, or it holds no bytes. */
export function fromUtf8(bytes: string): string {
  const isAscii = !/[^\0-\x7f]/.test(bytes);
  if (isAscii || /[^\0-\xff]/.test(bytes)) return bytes;
  const hex = (c: string): string => c.charCodeAt(0).toString(16).padStart(2, '0');
  try {
    return decodeURIComponent(bytes.replace(/[\0-\xff]/g, (c) => `%${hex(c)}`));
  } catch {
    return bytes;
  }
}
