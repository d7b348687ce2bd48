// The cache of images: what is made once, and what goes.
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { contentHash, prune, stage, treeHash } from './stage.ts';

let dir = '';
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'stage-'));
});
afterEach(() => rmSync(dir, { recursive: true }));

it('the hash tells lists apart that join to the same text', () => {
  expect(contentHash(['ab', 'c'])).not.toBe(contentHash(['a', 'bc']));
  expect(contentHash([])).not.toBe(contentHash(['']));
  expect(contentHash(['a', 'b'])).toBe(contentHash(['a', 'b']));
});

it('the hash of a folder changes with names and bytes, not with unit tests', () => {
  mkdirSync(join(dir, 'x'));
  writeFileSync(join(dir, 'x/a.ts'), 'one');
  const first = treeHash(dir, ['x']);
  writeFileSync(join(dir, 'x/a.test.ts'), 'test');
  expect(treeHash(dir, ['x'])).toBe(first);
  writeFileSync(join(dir, 'x/a.ts'), 'two');
  expect(treeHash(dir, ['x'])).not.toBe(first);
  writeFileSync(join(dir, 'x/a.ts'), 'one');
  writeFileSync(join(dir, 'x/b.ts'), '');
  expect(treeHash(dir, ['x'])).not.toBe(first);
});

it('a stage is made once for its inputs', async () => {
  let made = 0;
  const make = async (out: string) => writeFileSync(join(out, 'n'), String(++made));
  const first = await stage(dir, 'a', ['1'], make);
  expect(await stage(dir, 'a', ['1'], make)).toBe(first);
  expect(await stage(dir, 'a', ['2'], make)).not.toBe(first);
  expect(made).toBe(2);
});

it('a stage that fails leaves nothing, and is made the next time', async () => {
  const broken = stage(dir, 'a', [], async (out) => {
    writeFileSync(join(out, 'half'), '');
    throw new Error('no space');
  });
  await expect(broken).rejects.toThrow('no space');
  expect(readdirSync(dir)).toEqual([]);
  const made = await stage(dir, 'a', [], async (out) => writeFileSync(join(out, 'whole'), ''));
  expect(readdirSync(made)).toEqual(['whole']);
});

it('a stage whose archive set an old time is not taken for an unused one', async () => {
  const old = new Date(0);
  const make = async (out: string) => utimesSync(out, old, old);
  for (const input of ['1', '2', '3', '4', '5']) await stage(dir, 'a', [input], make);
  const last = await stage(dir, 'a', ['6'], make);
  expect(existsSync(last)).toBe(true);
  expect(readdirSync(dir)).toHaveLength(3);
});

it('pruning keeps the last used ones, what is in use, and what is not ours', () => {
  ['a-1', 'a-2', 'a-3', 'a-4', 'b-1'].forEach((name, i) => {
    writeFileSync(join(dir, name), '');
    utimesSync(join(dir, name), 1000 + i, 1000 + i);
  });
  prune(
    dir,
    (name) => name.startsWith('a-'),
    (path) => path.endsWith('a-1'),
    2,
  );
  expect(readdirSync(dir).sort()).toEqual(['a-1', 'a-3', 'a-4', 'b-1']);
});
