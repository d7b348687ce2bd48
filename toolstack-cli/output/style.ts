/** Colour, where it is wanted: on a terminal, and without NO_COLOR (no-color.org). */

import { fromUtf8 } from '../../shared/core/utf8.ts';
import type { Sink, Terminal } from '../terminal.ts';

export type Paint = 'red' | 'yellow' | 'green' | 'cyan' | 'bold' | 'dim';

const CODES: Readonly<Record<Paint, number>> = {
  red: 31,
  yellow: 33,
  green: 32,
  cyan: 36,
  bold: 1,
  dim: 2,
};

export type Style = (paint: Paint, text: string) => string;

export function styleFor(sink: Sink, env: Terminal['env']): Style {
  const plain = !sink.isTty || (env.NO_COLOR ?? '') !== '' || env.TERM === 'dumb';
  return (paint, text) => (plain ? text : `\x1b[${CODES[paint]}m${text}\x1b[0m`);
}

/** Neither seen nor harmless: order of writing, spaces of no width, halves of characters. */
const UNSEEN = /[\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff]|\p{Surrogate}/gu;

/** What an untrusted string may do to a terminal is nothing: control characters become visible. */
export function printable(text: string): string {
  return text.replace(/\p{Cc}/gu, visible).replace(UNSEEN, '\ufffd');
}

function visible(control: string): string {
  const code = control.charCodeAt(0);
  if (code === 0x7f) return '\u2421';
  return code < 0x20 ? String.fromCharCode(0x2400 + code) : '\ufffd';
}

/** The same for JSON and YAML whose strings are quoted: what they leave as it is they escape. */
export function escaped(quoted: string): string {
  const hex = (char: string): string => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`;
  return quoted.replace(/[\x7f-\x9f]/g, hex).replace(UNSEEN, hex);
}

/** A message that may hold names as bytes and whatever a guest wrote, fit for a terminal. */
export function readable(message: string): string {
  return printable(fromUtf8(message));
}
