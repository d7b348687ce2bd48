/**
 * Lists of devices in what libxl keeps of a domain (libxl_domain_config as JSON): only the entry
 * that changes is written anew. All else stays as it is, text for text: it has numbers of 64 bits,
 * which would not survive being read.
 */

import { assert } from '../../core/assert.ts';
import { fail, ok, type Result } from '../../core/result.ts';
import { virtualDeviceNumber } from '../spec/virtual-device.ts';

/** A value in a text, with the key of what holds it if that has keys. */
interface Value {
  readonly key: string;
  readonly start: number;
  readonly end: number;
}

/** Strings, single signs, and numbers or words. */
const TOKEN = /"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+/g;
const BETWEEN = /[\s,:]*/y;

/** Where the value that begins at `at` ends; the text is known to be JSON. */
function endOf(text: string, at: number): number {
  TOKEN.lastIndex = at;
  for (let depth = 0; ; ) {
    const [token = ''] = TOKEN.exec(text) ?? [];
    assert(token !== '', 'JSON whose end is missing');
    if (token === '{' || token === '[') depth++;
    else if (token === '}' || token === ']') depth--;
    if (depth === 0) return TOKEN.lastIndex;
  }
}

function nextAt(text: string, at: number): number {
  BETWEEN.lastIndex = at;
  BETWEEN.exec(text);
  return BETWEEN.lastIndex;
}

/** What is directly in the object or list that begins at `at`. */
function valuesIn(text: string, at: number): Value[] {
  const hasKeys = text[at] === '{';
  const values: Value[] = [];
  for (let start = nextAt(text, at + 1); ; ) {
    if (text[start] === '}' || text[start] === ']') return values;
    let key = '';
    if (hasKeys) {
      const keyEnd = endOf(text, start);
      key = JSON.parse(text.slice(start, keyEnd));
      start = nextAt(text, keyEnd);
    }
    const end = endOf(text, start);
    values.push({ key, start, end });
    start = nextAt(text, end);
  }
}

/** One of the lists, by its key. */
export interface LibxlList {
  readonly key: 'disks' | 'nics';
  /** The device that an entry is of; undefined: it does not say. */
  readonly deviceOf: (entry: Readonly<Record<string, unknown>>) => number | undefined;
}

export const LIBXL_DISKS: LibxlList = {
  key: 'disks',
  deviceOf: ({ vdev }) => (typeof vdev === 'string' ? virtualDeviceNumber(vdev) : undefined),
};

export const LIBXL_NICS: LibxlList = {
  key: 'nics',
  deviceOf: ({ devid }) => (typeof devid === 'number' ? devid : undefined),
};

const isOf =
  ({ deviceOf }: LibxlList, device: number) =>
  (entry: string): boolean =>
    deviceOf(Object(JSON.parse(entry)) as Record<string, unknown>) === device;

/** Makes the entry of a device, from the one that there is; undefined: it is to have none. */
export type ChangeEntry = (entry: object | undefined) => object | undefined;

interface Found {
  readonly text: string;
  /** The list; undefined: there is none. */
  readonly list: Value | undefined;
  readonly entries: readonly string[];
}

function find(config: string, { key }: LibxlList): Result<Found> {
  const text = config.replace(/\0.*$/s, '').trim();
  try {
    JSON.parse(text);
  } catch {
    return fail('EPROTO', 'what libxl keeps of it is not JSON');
  }
  if (!text.startsWith('{')) return fail('EPROTO', 'what libxl keeps of it is no object');
  const list = valuesIn(text, 0).find((value) => value.key === key);
  if (list === undefined) return ok({ text, list, entries: [] });
  if (text[list.start] !== '[') return fail('EPROTO', `what libxl keeps of its ${key} is no list`);
  const entries = valuesIn(text, list.start).map(({ start, end }) => text.slice(start, end));
  return ok({ text, list, entries });
}

/** Whether the configuration has the device. EPROTO: it is not libxl's. */
export function hasLibxlDevice(config: string, of: LibxlList, device: number): Result<boolean> {
  const found = find(config, of);
  return found.ok ? ok(found.value.entries.some(isOf(of, device))) : found;
}

/** The configuration with another entry of the device. EPROTO: it is not libxl's. */
export function changeLibxlDevice(
  config: string,
  of: LibxlList,
  device: number,
  change: ChangeEntry,
): Result<string> {
  const found = find(config, of);
  if (!found.ok) return found;
  const { text, list, entries } = found.value;
  const at = entries.findIndex(isOf(of, device));
  const made = change(at < 0 ? undefined : JSON.parse(entries[at] as string));
  const entry = made === undefined ? [] : [JSON.stringify(made, undefined, 4)];
  const changed = at < 0 ? [...entries, ...entry] : entries.toSpliced(at, 1, ...entry);
  const devices = changed.length === 0 ? '[]' : `[\n${changed.join(',\n')}\n]`;
  // libxl reads the file as a C string.
  const whole = (rest: string): string => `${rest}\n\0`;
  if (list !== undefined) {
    return ok(whole(`${text.slice(0, list.start)}${devices}${text.slice(list.end)}`));
  }
  const comma = /^\{\s*\}$/.test(text) ? '' : ',';
  return ok(whole(`{\n    "${of.key}": ${devices}${comma}${text.slice(1)}`));
}
