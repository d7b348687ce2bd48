// The tally of what was begun anew.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { noteRetry, type Retry, retriesIn, sumOf } from './retries.ts';

const retry = (domid: number): Retry => ({
  test: 'on Xen 4.20 > a guest runs',
  guest: `d${domid}`,
  words: `(XEN) d${domid}v0 Triple fault`,
});

let dir: string;
let tally: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'xtl-tally-'));
  tally = join(dir, 'tally');
  writeFileSync(tally, '');
});
afterEach(() => rmSync(dir, { recursive: true }));

it('each retry is told with its number, its test, its guest and the words of Xen', () => {
  const said: string[] = [];
  for (const domid of [3, 4]) noteRetry(tally, retry(domid), (text) => said.push(text), 2);
  expect(said).toEqual([
    'begun anew (1 of at most 2 in a run): on Xen 4.20 > a guest runs: d3: (XEN) d3v0 Triple fault',
    'begun anew (2 of at most 2 in a run): on Xen 4.20 > a guest runs: d4: (XEN) d4v0 Triple fault',
  ]);
  expect(retriesIn(tally)).toEqual([retry(3), retry(4)]);
});

it('one more than the bound fails, and is in the sum', () => {
  noteRetry(tally, retry(3), () => {}, 1);
  expect(() => noteRetry(tally, retry(4), () => {}, 1)).toThrow('more than 1 times in this run');
  expect(sumOf(retriesIn(tally), 1)).toBe(
    [
      'lab: 2 begun anew, of at most 1 in a run',
      '  on Xen 4.20 > a guest runs: d3: (XEN) d3v0 Triple fault',
      '  on Xen 4.20 > a guest runs: d4: (XEN) d4v0 Triple fault',
    ].join('\n'),
  );
});
