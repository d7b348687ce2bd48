/**
 * Byte layouts of C structs as tables: little endian, offsets given, checked against the C headers
 * by test/abi. For control operations; data paths take `fields.x.at` and index typed arrays
 * themselves.
 */

import { assert } from './assert.ts';

export type Scalar = 'u8' | 'u16' | 'i16' | 'u32' | 'i32' | 'u64';

/** A scalar, or `bytes` for an opaque run of `size` bytes. `c` is the C member where it differs. */
export interface Field<K extends Scalar | 'bytes' = Scalar | 'bytes'> {
  readonly kind: K;
  readonly at: number;
  readonly size: number;
  readonly c?: string;
}

export type Fields = Readonly<Record<string, Field>>;

export interface Layout<F extends Fields = Fields> {
  /** The C type, as one writes it: `struct evtchn_send`, `xen_domctl_createdomain_t`. */
  readonly c: string;
  readonly size: number;
  readonly fields: F;
}

type Of<K> = K extends 'bytes' ? Uint8Array : K extends 'u64' ? bigint : number;
export type Values<F extends Fields> = { -readonly [N in keyof F]: Of<F[N]['kind']> };

const SIZES = { u8: 1, u16: 2, i16: 2, u32: 4, i32: 4, u64: 8 } as const;

function scalar<K extends Scalar>(kind: K): (at: number, c?: string) => Field<K> {
  return (at, c) => ({ kind, at, size: SIZES[kind], ...(c === undefined ? {} : { c }) });
}

export const u8 = scalar('u8');
export const u16 = scalar('u16');
export const i16 = scalar('i16');
export const u32 = scalar('u32');
export const i32 = scalar('i32');
/** A u64, a pointer or an unsigned long: bigint on the TypeScript side. */
export const u64 = scalar('u64');

export function bytes(at: number, size: number, c?: string): Field<'bytes'> {
  return { kind: 'bytes', at, size, ...(c === undefined ? {} : { c }) };
}

export function layout<F extends Fields>(c: string, size: number, fields: F): Layout<F> {
  for (const [name, f] of Object.entries(fields)) {
    assert(f.at >= 0 && f.at + f.size <= size, `${c}.${name} lies outside its ${size} bytes`);
  }
  return { c, size, fields };
}

/** The C member a field stands for: its `c`, or its camelCase name in snake_case. */
export function memberName(name: string, field: Field): string {
  return field.c ?? name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

function view(buffer: Uint8Array, at: number, size: number): DataView {
  assert(at >= 0 && at + size <= buffer.length, `layout of ${size} bytes at ${at}`);
  return new DataView(buffer.buffer, buffer.byteOffset + at, size);
}

/** A copy of every field of the struct that starts at `at`. */
export function decode<F extends Fields>(l: Layout<F>, buffer: Uint8Array, at = 0): Values<F> {
  const v = view(buffer, at, l.size);
  const values: Record<string, number | bigint | Uint8Array> = {};
  for (const [name, f] of Object.entries(l.fields)) {
    if (f.kind === 'bytes') values[name] = buffer.slice(at + f.at, at + f.at + f.size);
    else if (f.kind === 'u8') values[name] = v.getUint8(f.at);
    else if (f.kind === 'u16') values[name] = v.getUint16(f.at, true);
    else if (f.kind === 'i16') values[name] = v.getInt16(f.at, true);
    else if (f.kind === 'u32') values[name] = v.getUint32(f.at, true);
    else if (f.kind === 'i32') values[name] = v.getInt32(f.at, true);
    else values[name] = v.getBigUint64(f.at, true);
  }
  return values as Values<F>;
}

/** Writes the given fields of the struct that starts at `at`; the others keep their bytes. */
export function encode<F extends Fields>(
  l: Layout<F>,
  buffer: Uint8Array,
  at: number,
  values: Partial<Values<F>>,
): void {
  const v = view(buffer, at, l.size);
  for (const [name, value] of Object.entries(values)) {
    const f = l.fields[name];
    assert(f !== undefined, `${l.c} has no field ${name}`);
    if (value instanceof Uint8Array) {
      assert(value.length <= f.size, `${l.c}.${name} takes ${f.size} bytes, not ${value.length}`);
      buffer.set(value, at + f.at);
    } else if (f.kind === 'u64') v.setBigUint64(f.at, BigInt(value as bigint), true);
    else if (f.kind === 'u8') v.setUint8(f.at, value as number);
    else if (f.size === 2) v.setUint16(f.at, value as number, true);
    else v.setUint32(f.at, value as number, true);
  }
}

/** A zeroed struct with the given fields set. */
export function make<F extends Fields>(l: Layout<F>, values: Partial<Values<F>>): Uint8Array {
  const buffer = new Uint8Array(l.size);
  encode(l, buffer, 0, values);
  return buffer;
}
