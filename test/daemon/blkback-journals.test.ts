/** Files that outlive a block backend, and those of devices that are gone. */

import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { journalFiles } from '../../shared/backend/journal-files.unix.ts';
import { must } from '../../shared/core/result.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'xtl-journals-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const back = (domid: number, device: number): string =>
  `/local/domain/0/backend/vbd/${domid}/${device}`;

const PLACES = [
  { name: 'vbd-5-51712-0', pages: 2 },
  { name: 'vbd-5-51712.stats', pages: 1 },
];

it('are found by the next process as the last one left them', async () => {
  const [first] = must(await journalFiles(folder, 'vbd').openJournals(back(5, 51712), PLACES));
  if (first !== undefined) first.words[3] = 77;
  const next = must(await journalFiles(folder, 'vbd').openJournals(back(5, 51712), PLACES));
  expect(next.map(({ bytes }) => bytes.length)).toEqual([8192, 4096]);
  expect(next[0]?.words[3]).toBe(77);
});

it('go with their devices, whoever made them, and nothing else does', async () => {
  const files = journalFiles(folder, 'vbd');
  must(await files.openJournals(back(5, 51712), PLACES));
  for (const name of ['vbd-4-51712-0', 'vbd-4-51712.stats', 'vbd-15-51712-0', 'vbd-5-5171-0']) {
    writeFileSync(join(folder, name), 'of before');
  }
  writeFileSync(join(folder, 'vbd-notes'), 'not ours');
  mkdirSync(join(folder, 'other'));
  files.retainJournals([back(5, 51712), back(5, 51728)]);
  expect(readdirSync(folder).sort()).toEqual([
    ...['other', 'vbd-5-51712-0', 'vbd-5-51712.stats', 'vbd-notes'],
  ]);
  files.retainJournals([]);
  expect(readdirSync(folder).sort()).toEqual(['other', 'vbd-notes']);
  // It may come again.
  must(await files.openJournals(back(5, 51712), PLACES));
});
