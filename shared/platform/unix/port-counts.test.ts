/** Counting events and waiting for them, without a Xen. */

import { expect, test } from 'vitest';
import { port } from '../../core/ids.ts';
import { PortCounts } from './port-counts.ts';

function open(...numbers: number[]): [PortCounts, boolean[]] {
  const heard: boolean[] = [];
  const counts = new PortCounts((somebody) => heard.push(somebody));
  for (const number of numbers) counts.add(port(number));
  return [counts, heard];
}

test('a wait ends with the next event, for all who wait', async () => {
  const [counts, heard] = open(3, 4);
  const waits = [counts.wait(port(3), 0), counts.wait(port(3), 0)];
  counts.raise(port(4));
  counts.raise(port(3));
  counts.raise(port(3));
  expect(await Promise.all(waits)).toEqual([1, 1]);
  expect(heard).toEqual([true, false]);
});

test('an event that was not seen ends a wait at once', async () => {
  const [counts, heard] = open(3);
  counts.raise(port(3));
  counts.raise(port(3));
  expect([await counts.wait(port(3), 0), await counts.wait(port(3), 1)]).toEqual([2, 2]);
  expect(await counts.wait(port(3), 99)).toBe(2);
  expect(heard).toEqual([]);
});

test('somebody waits until the last waiter of any port is served', async () => {
  const [counts, heard] = open(3, 4);
  const [three, four] = [counts.wait(port(3), 0), counts.wait(port(4), 0)];
  counts.raise(port(3));
  await three;
  expect(heard).toEqual([true]);
  counts.remove(port(4));
  await expect(four).rejects.toMatchObject({ errno: 'EBADF' });
  expect(heard).toEqual([true, false]);
});

test('a port number that is taken again starts from nothing', async () => {
  const [counts] = open(3);
  counts.raise(port(3));
  counts.remove(port(3));
  counts.add(port(3));
  const wait = counts.wait(port(3), 0);
  counts.raise(port(3));
  expect(await wait).toBe(1);
});

test('a closed port is unknown', () => {
  const [counts] = open(3);
  counts.remove(port(3));
  expect(counts.has(port(3))).toBe(false);
  expect(counts.all()).toEqual([]);
  expect(() => counts.wait(port(3), 0)).toThrow('not open');
  expect(() => counts.raise(port(3))).toThrow('not open');
  expect(() => counts.remove(port(3))).toThrow('not open');
});
