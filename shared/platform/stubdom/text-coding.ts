/**
 * UTF-8 as the Encoding Standard has it, which the engine lacks. relink gives these classes to a
 * service that names them as globals; one that does not carries none of it.
 */

const REPLACEMENT = 0xfffd;
const MAX_BYTES_OF_UNIT = 3;

/** Most char codes that one call of String.fromCharCode is given. */
const RUN = 4096;

export class TextEncoder {
  readonly encoding = 'utf-8';

  encode(text = ''): Uint8Array {
    const bytes = new Uint8Array(text.length * MAX_BYTES_OF_UNIT);
    return bytes.slice(0, this.encodeInto(text, bytes).written);
  }

  /** Stops before a character whose bytes there is no room for. */
  encodeInto(text: string, bytes: Uint8Array): { read: number; written: number } {
    let [read, written] = [0, 0];
    while (read < text.length) {
      const code = text.codePointAt(read)!;
      const units = code > 0xffff ? 2 : 1;
      const scalar = code >= 0xd800 && code <= 0xdfff ? REPLACEMENT : code;
      const length = scalar < 0x80 ? 1 : scalar < 0x800 ? 2 : scalar < 0x10000 ? 3 : 4;
      if (written + length > bytes.length) break;
      if (length === 1) {
        bytes[written] = scalar;
      } else {
        bytes[written] = LEADS[length]! | (scalar >>> (6 * (length - 1)));
        for (let i = 1; i < length; i++) {
          bytes[written + i] = 0x80 | ((scalar >>> (6 * (length - 1 - i))) & 0x3f);
        }
      }
      read += units;
      written += length;
    }
    return { read, written };
  }
}

/** The marks of first bytes, by how many bytes there are. */
const LEADS = [0, 0, 0xc0, 0xe0, 0xf0];

/** How many bytes follow a first byte; undefined if it is none. */
function following(lead: number): number | undefined {
  if (lead < 0x80) return 0;
  if (lead < 0xc2 || lead > 0xf4) return undefined;
  return lead < 0xe0 ? 1 : lead < 0xf0 ? 2 : 3;
}

/** The least and the most that the byte after a first byte may be: nothing overlong, no halves. */
function secondByte(lead: number): readonly [number, number] {
  if (lead === 0xe0) return [0xa0, 0xbf];
  if (lead === 0xed) return [0x80, 0x9f];
  if (lead === 0xf0) return [0x90, 0xbf];
  if (lead === 0xf4) return [0x80, 0x8f];
  return [0x80, 0xbf];
}

/** Of whole texts only. */
export class TextDecoder {
  readonly encoding = 'utf-8';
  readonly fatal: boolean;
  readonly ignoreBOM: boolean;

  /** Throws a RangeError on any other encoding. */
  constructor(label = 'utf-8', { fatal = false, ignoreBOM = false } = {}) {
    if (!/^\s*utf-?8\s*$/i.test(label)) throw new RangeError(`no such encoding here: ${label}`);
    this.fatal = fatal;
    this.ignoreBOM = ignoreBOM;
  }

  /**
   * Bytes that are no UTF-8 are U+FFFD in the text, or a TypeError if `fatal`. Throws a RangeError
   * if asked to go on from text to text (`stream`).
   */
  decode(
    input: ArrayBuffer | ArrayBufferView = new Uint8Array(0),
    { stream = false } = {},
  ): string {
    if (stream) throw new RangeError('no streams of text here');
    const bytes = ArrayBuffer.isView(input)
      ? new Uint8Array(input.buffer, input.byteOffset, input.byteLength)
      : new Uint8Array(input);
    const hasMark = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
    let text = '';
    let units: number[] = [];
    for (let at = hasMark && !this.ignoreBOM ? 3 : 0; at < bytes.length; ) {
      at = this.#take(bytes, at, units);
      if (units.length < RUN) continue;
      text += String.fromCharCode(...units);
      units = [];
    }
    return text + String.fromCharCode(...units);
  }

  /** Appends the char codes of the character at `at`; returns where the next one starts. */
  #take(bytes: Uint8Array, at: number, units: number[]): number {
    const lead = bytes[at]!;
    const more = following(lead);
    let code = more ? lead & (0x3f >>> more) : lead;
    let seen = 0;
    for (let [least, most] = secondByte(lead); more !== undefined && seen < more; seen++) {
      const byte = bytes[at + 1 + seen];
      if (byte === undefined || byte < least || byte > most) break;
      code = (code << 6) | (byte & 0x3f);
      [least, most] = [0x80, 0xbf];
    }
    if (more === seen) {
      if (code > 0xffff) units.push(0xd7c0 + (code >>> 10), 0xdc00 | (code & 0x3ff));
      else units.push(code);
    } else {
      if (this.fatal) throw new TypeError(`no UTF-8 at byte ${at}`);
      units.push(REPLACEMENT);
    }
    return at + 1 + seen;
  }
}
