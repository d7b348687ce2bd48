// The disk that keeps what dom0 writes: made once, of one set of images.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { ensureDisk } from './disk.ts';

const env = { PATH: `${process.env.PATH}:/usr/sbin:/sbin` };

let dir: string;
const at = (name: string): string => join(dir, name);
const images = (name: string) => ({ dir: at(name), disk: at('base') });

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'xtl-disk-'));
  await execa('mke2fs', ['-q', '-t', 'ext4', '-O', '^has_journal', at('base'), '8M'], { env });
});
afterEach(() => rmSync(dir, { recursive: true }));

it('is a copy of the base with a journal, and the base stays as it is', async () => {
  const base = readFileSync(at('base'));
  await ensureDisk(at('own'), images('a'));
  const { stdout } = await execa('dumpe2fs', ['-h', at('own')], { env });
  expect(stdout).toMatch(/^Filesystem features:.* has_journal /m);
  expect(readFileSync(at('base')).equals(base)).toBe(true);
  expect(readdirSync(dir).sort()).toEqual(['base', 'own', 'own.image']);
});

it('keeps what is on it', async () => {
  await ensureDisk(at('own'), images('a'));
  writeFileSync(at('own'), 'written');
  await ensureDisk(at('own'), images('a'));
  expect(readFileSync(at('own'), 'utf8')).toBe('written');
});

it.each([
  ['of other images', 'b'],
  ['that the lab did not make', undefined],
])('a file %s is refused, and not touched', async (_, madeOf) => {
  writeFileSync(at('own'), 'precious');
  if (madeOf !== undefined) writeFileSync(at('own.image'), at(madeOf));
  await expect(ensureDisk(at('own'), images('a'))).rejects.toThrow('is no disk of these images');
  expect(readFileSync(at('own'), 'utf8')).toBe('precious');
});
