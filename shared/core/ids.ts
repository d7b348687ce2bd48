/** Branded identifiers: plain numbers at run time, distinct types for the compiler. */

import { assert } from './assert.ts';

type Id<B extends string> = number & { readonly brand: B };

export type Domid = Id<'Domid'>;
export type Gref = Id<'Gref'>;
export type Port = Id<'Port'>;
export type Gfn = Id<'Gfn'>;

/** xen.h @ RELEASE-4.17.0: domids from 0x7FF0 on are reserved names, not domains. */
export const DOMID_FIRST_RESERVED = 0x7ff0;

export function isDomid(n: number): boolean {
  return Number.isInteger(n) && n >= 0 && n < DOMID_FIRST_RESERVED;
}

export function domid(n: number): Domid {
  assert(isDomid(n), `domid ${n}`);
  return n as Domid;
}

function u32Id<T extends number>(name: string): (n: number) => T {
  return (n) => {
    assert(Number.isInteger(n) && n >= 0 && n <= 0xffffffff, `${name} ${n}`);
    return n as T;
  };
}

export const gref = u32Id<Gref>('gref');
export const port = u32Id<Port>('port');

export function gfn(n: number): Gfn {
  assert(Number.isSafeInteger(n) && n >= 0, `gfn ${n}`);
  return n as Gfn;
}

export const DOM0 = domid(0);
