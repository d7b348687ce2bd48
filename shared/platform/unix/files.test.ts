import {
  chmodSync,
  chownSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { must } from '../../core/result.ts';
import { unixFiles } from './files.ts';

const dir = mkdtempSync(join(tmpdir(), 'xtl-files-'));
afterAll(() => rmSync(dir, { recursive: true }));
const files = unixFiles();
const at = (name: string): string => join(dir, name);

describe('unixFiles', () => {
  it('reads back what it wrote, in folders that it made, for the owner alone', async () => {
    const bytes = Uint8Array.of(1, 2, 3);
    must(await files.write(at('a/b/c'), bytes));
    expect(must(await files.read(at('a/b/c'), 3))).toEqual(bytes);
    expect(statSync(at('a/b/c')).mode & 0o777).toBe(0o600);
    expect(must(await files.list(at('a/b')))).toEqual(['c']);
  });

  it('replaces what a link leads to, and keeps link, mode and owner', async () => {
    const isRoot = process.getuid?.() === 0;
    writeFileSync(at('theirs'), 'old');
    chmodSync(at('theirs'), 0o664);
    if (isRoot) chownSync(at('theirs'), 1, 2);
    const before = statSync(at('theirs'));
    symlinkSync('theirs', at('way'));
    must(await files.replace(at('way'), Uint8Array.of(110, 101, 119)));
    expect(readFileSync(at('theirs'), 'utf8')).toBe('new');
    expect(readlinkSync(at('way'))).toBe('theirs');
    const { mode, uid, gid } = statSync(at('theirs'));
    expect([mode, uid, gid]).toEqual([before.mode, before.uid, before.gid]);
    must(await files.replace(at('fresh'), Uint8Array.of(1)));
    expect(statSync(at('fresh')).mode & 0o777).toBe(0o644);
  });

  it('gives another identity after a change, the same through a link', async () => {
    writeFileSync(at('k'), 'one');
    symlinkSync(at('k'), at('link'));
    const before = must(await files.stat(at('k')));
    expect(must(await files.stat(at('link')))).toEqual(before);
    writeFileSync(at('k'), 'two!');
    expect(must(await files.stat(at('k'))).identity).not.toBe(before.identity);
  });

  it('makes a file longer by zeros, and shorter, and nothing else', async () => {
    writeFileSync(at('image'), 'abc');
    must(await files.truncate(at('image'), 5));
    expect(readFileSync(at('image'), 'latin1')).toBe('abc\0\0');
    must(await files.truncate(at('image'), 2));
    expect(readFileSync(at('image'), 'latin1')).toBe('ab');
    expect(await files.truncate(at('no-image'), 2)).toMatchObject({ error: { errno: 'ENOENT' } });
    expect(await files.truncate('/dev/null', 2)).toMatchObject({ error: { errno: 'EINVAL' } });
    expect(await files.truncate(dir, 2)).toMatchObject({ error: { errno: 'EISDIR' } });
  });

  it('removes what is there, and what is not there is no error', async () => {
    writeFileSync(at('gone'), '');
    must(await files.remove(at('gone')));
    must(await files.remove(at('gone')));
    expect(must(await files.list(at('never')))).toEqual([]);
  });

  it.each([
    ['missing', 'ENOENT'],
    ['', 'EISDIR'],
    ['k/below', 'ENOTDIR'],
  ])('reading %j fails with %s and names the path', async (name, errno) => {
    writeFileSync(at('k'), 'x');
    const result = await files.read(at(name), 100);
    expect(result).toMatchObject({ ok: false, error: { errno } });
    expect(result.ok ? '' : result.error.what).toContain(at(name));
  });

  it('knows files by names that are no UTF-8', async () => {
    const name = 'g\udcff.cfg';
    const path = Buffer.from(`${at('odd')}/g\xff.cfg`, 'latin1');
    must(await files.write(at(`odd/${name}`), Uint8Array.of(7)));
    expect(readFileSync(path)).toEqual(Buffer.of(7));
    expect(must(await files.list(at('odd')))).toEqual([name]);
    expect(must(await files.stat(at(`odd/${name}`))).bytes).toBe(1);
    expect(must(await files.read(at(`odd/${name}`), 10))).toEqual(Uint8Array.of(7));
    must(await files.remove(at(`odd/${name}`)));
    expect(must(await files.list(at('odd')))).toEqual([]);
  });

  it('refuses a device and a file above the limit', async () => {
    writeFileSync(at('big'), '12345');
    expect(await files.read('/dev/zero', 10)).toMatchObject({ error: { errno: 'EINVAL' } });
    const what = `${at('big')}: has 5 bytes, and may have at most 4`;
    expect(await files.read(at('big'), 4)).toMatchObject({ error: { errno: 'E2BIG', what } });
  });
});
