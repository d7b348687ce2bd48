/** Images from services: what is in them, that they are the same each time, and that they boot. */

import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findEntry, relink } from '../../deploy/relink/relink.ts';
import { repoRoot } from '../lab/paths.ts';
import { bootBare } from './bare.ts';
import { entryOf, linkImage } from './images.ts';

const SLOW_MS = 300_000;
const root = repoRoot;

let out: string;
beforeAll(() => {
  out = mkdtempSync(join(tmpdir(), 'xtl-images-'));
});
afterAll(() => rmSync(out, { recursive: true }));

const image = async (name: string): Promise<string> => (await linkImage(name, out)).image;

describe('an image', () => {
  test(
    'is the same for the same input, and fits in 720 KiB',
    async () => {
      const first = readFileSync(await image('hello'));
      const second = readFileSync(await image('hello'));
      expect(first.equals(second)).toBe(true);
      expect(first.length).toBeLessThan(720 * 1024);
      expect(first.includes('"service":"hello"')).toBe(true);
    },
    SLOW_MS,
  );

  test(
    'comes with its symbols, its size by part and a bill of materials',
    async () => {
      await image('hello');
      expect(readFileSync(join(out, 'hello.map'), 'utf8')).toMatch(/^[0-9a-f]{16} T start$/m);
      expect(readFileSync(join(out, 'hello.parts'), 'utf8')).toMatch(/^engine: quickjs +\d+/m);
      const bill = JSON.parse(readFileSync(join(out, 'hello.spdx.json'), 'utf8'));
      const names = bill.packages.map(({ name }: { name: string }) => name);
      expect(names).toEqual(expect.arrayContaining(['hello.xen', 'quickjs', 'musl-dev']));
      expect(bill.spdxVersion).toBe('SPDX-2.3');
    },
    SLOW_MS,
  );

  test('of a service that is not there is refused with the places', () => {
    expect(() => findEntry(root, 'nothing')).toThrow(/services\/nothing\/main\.stubdom\.ts/);
  });

  test(
    'of a service that needs Node is refused with the chain of imports',
    async () => {
      const service = 'test/kernel/images/needs-node/main.stubdom.ts';
      await expect(relink({ root, service, out })).rejects.toThrow(
        /no node:fs.*\n.*main\.stubdom\.ts\n.*imports .*reads-files\.ts\n.*imports node:fs/s,
      );
      expect(existsSync(join(out, 'needs-node.xen'))).toBe(false);
    },
    SLOW_MS,
  );
});

describe('on a bare machine', () => {
  test(
    'a service runs, sleeps and ends',
    async () => {
      const { lines, reason } = await bootBare(await image('hello'), 'some words');
      expect(lines[0]).toMatch(/^hello from hello, domain \d+, told "some words"$/);
      expect(lines[1]).toBe('slept enough');
      expect(lines[2]).toBe('10 bytes say so');
      expect(reason).toBe(0);
    },
    SLOW_MS,
  );

  test(
    'an exception is told with its place in the sources, and the domain has crashed',
    async () => {
      const source = readFileSync(join(root, entryOf('faults')), 'utf8').split('\n');
      const line = (text: string) => source.findIndex((one) => one.includes(text)) + 1;
      const faults = await image('faults');
      const thrown = await bootBare(faults, 'throw');
      expect(thrown.lines[0]).toBe('faults: uncaught RangeError: thrown on purpose');
      expect(thrown.lines[1]).toContain(`${entryOf('faults')}:${line('new RangeError')}`);
      expect(thrown.reason).toBe(3);
      const rejected = await bootBare(faults, 'reject');
      expect(rejected.lines[0]).toBe('faults: uncaught Error: rejected on purpose');
      expect(rejected.lines[1]).toContain(`${entryOf('faults')}:${line('new Error(')}`);
      expect(rejected.reason).toBe(3);
    },
    SLOW_MS,
  );

  test(
    'memory and stack that run out are refused, and the service lives',
    async () => {
      const { lines, reason } = await bootBare(await image('faults'), 'heap pages recurse');
      expect(lines).toEqual([
        'many blocks, then InternalError: out of memory; still here',
        'after some regions: ENOMEM',
        'and back: true',
        expect.stringMatching(/^recursion: InternalError: stack overflow/),
        'done',
      ]);
      expect(reason).toBe(0);
    },
    SLOW_MS,
  );

  test(
    'code is made of text only by an image for debugging',
    async () => {
      const service = entryOf('parses');
      await expect(relink({ root, service, out })).rejects.toThrow(
        /without --debug cannot make code of text:\n +\S*parses\/main\.stubdom\.ts:6: Function$/,
      );
      const debug = await relink({ root, service, out, debug: true });
      expect((await bootBare(debug.image, '')).lines[0]).toBe('parsed: 42');
    },
    SLOW_MS,
  );

  test(
    'too little memory is told with what is needed and given',
    async () => {
      const { lines, reason } = await bootBare(await image('faults'), '', 6);
      expect(lines[0]).toMatch(
        /^faults: panic: too little memory: needed 8192 KiB, given \d+ KiB$/,
      );
      expect(reason).toBe(3);
    },
    SLOW_MS,
  );

  test(
    'a privilege of the manifest that the domain lacks is named, and the service does not start',
    async () => {
      const { lines, reason } = await bootBare(await image('privileged'), '');
      expect(lines).toEqual([
        expect.stringMatching(/^privileged: lacks the privilege getdomaininfo: ENOSYS /),
      ]);
      expect(reason).toBe(3);
    },
    SLOW_MS,
  );
});
