import { describe, expect, it } from 'vitest';
import { DOM0, DOMID_FIRST_RESERVED, domid, gfn, gref, isDomid, port } from './ids.ts';

const NO_INTEGERS = [-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY];

describe('domids', () => {
  it('go from 0 to the first reserved one', () => {
    expect(DOM0).toBe(0);
    expect(DOMID_FIRST_RESERVED).toBe(0x7ff0);
    expect(domid(0x7fef)).toBe(0x7fef);
    expect([0, 1, 0x7fef].every(isDomid)).toBe(true);
  });

  it.each([...NO_INTEGERS, 0x7ff0, 0x7ff1, 0xffff])('%d is none', (n) => {
    expect(isDomid(n)).toBe(false);
    expect(() => domid(n)).toThrow(`domid ${n}`);
  });
});

describe.each([
  ['gref', gref],
  ['port', port],
] as const)('%s', (name, make) => {
  it('is a u32', () => {
    expect([make(0), make(0xffffffff)]).toEqual([0, 0xffffffff]);
    for (const n of [...NO_INTEGERS, 2 ** 32]) expect(() => make(n)).toThrow(`${name} ${n}`);
  });
});

describe('gfn', () => {
  it('is an integer that a number holds', () => {
    expect(gfn(2 ** 40)).toBe(2 ** 40);
    for (const n of [...NO_INTEGERS, 2 ** 53]) expect(() => gfn(n)).toThrow(`gfn ${n}`);
  });
});
