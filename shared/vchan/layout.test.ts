import { describe, expect, it } from 'vitest';
import { must } from '../core/result.ts';
import { orderFault, ordersFor } from './layout.ts';

const MIB = 1 << 20;

// libxenvchan_server_init, init.c @ RELEASE-4.17.0.
it.each([
  [0, 0, 10, 11],
  [1024, 2048, 10, 11],
  [1025, 1024, 11, 10],
  [2048, 0, 11, 10],
  [1025, 1025, 11, 12],
  [0, 2049, 11, 12],
  [2049, 0, 12, 11],
  [2049, 2049, 12, 12],
  [4096, 4097, 12, 13],
  [MIB, MIB, 20, 20],
  [MIB, 1, 20, 11],
])('%d and %d bytes at least are orders %d and %d', (leftMin, rightMin, left, right) => {
  expect(must(ordersFor(leftMin, rightMin))).toEqual({ left, right });
  expect(orderFault({ left, right })).toBeUndefined();
});

it.each([
  [MIB + 1, 0],
  [0, MIB + 1],
  [-1, 0],
  [0.5, 0],
  [Number.NaN, 0],
])('%d and %d bytes are no vchan', (leftMin, rightMin) => {
  expect(ordersFor(leftMin, rightMin)).toMatchObject({ ok: false, error: { errno: 'EINVAL' } });
});

describe('orders of a page', () => {
  it.each([
    [10, 11],
    [11, 10],
    [10, 12],
    [10, 19],
    [11, 20],
    [20, 20],
  ])('%d and %d can be', (left, right) => {
    expect(orderFault({ left, right })).toBeUndefined();
    expect(orderFault({ left: right, right: left })).toBeUndefined();
  });

  it.each([
    [9, 11, 'a ring of order 9'],
    [10, 21, 'a ring of order 21'],
    [0, 0, 'a ring of order 0'],
    [65535, 12, 'a ring of order 65535'],
    [10, 10, 'two rings of order 10 in one page'],
    [11, 11, 'two rings of order 11 in one page'],
    [10, 20, 'a ring of order 10 among the references of one of order 20'],
  ])('%d and %d cannot', (left, right, why) => {
    expect(orderFault({ left, right })).toBe(why);
  });
});
