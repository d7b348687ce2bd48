/** Debian's own test-xenstore and xenstore-* commands, run against our store. */

import { execa } from 'execa';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type PeerTree, peerTree } from '../peers/packages.ts';
import { type Served, serveOurs } from './serve.ts';

let tree: PeerTree;
let ours: Served;
beforeAll(async () => {
  tree = await peerTree();
});
beforeEach(async () => {
  ours = await serveOurs();
});
afterEach(() => ours.stop());

const env = () => ({ XENSTORED_PATH: ours.socket, LD_LIBRARY_PATH: tree.libraries });
const control = (...args: string[]) =>
  execa(`${tree.programs}/xenstore-control`, args, { env: env(), reject: false });

const tool = (name: string, ...args: string[]) =>
  execa(`${tree.root}/usr/bin/${name}`, args, { env: env(), reject: false });

const TESTS = [
  'read 1',
  'read 2000',
  'write 1',
  'write 2000',
  'dir',
  'rm node',
  'rm dir',
  'ta empty',
  'ta empty x',
  'ta rmw',
  'ta rmw x',
  'ta err',
];

describe('test-xenstore', () => {
  it.each(TESTS)('%s passes', async (test) => {
    const program = `${tree.programs}/test-xenstore`;
    const run = await execa(program, ['-t', test, '-i', '100'], { env: env(), all: true });
    expect(run.all).toMatch(/avg: *\d+ ns/);
    expect(run.exitCode).toBe(0);
    expect(ours.store.check()).toEqual([]);
  });
});

describe('four of test-xenstore at once', () => {
  it('pass, whatever each does to what the others read', async () => {
    const program = `${tree.programs}/test-xenstore`;
    const one = () => execa(program, ['-r', '4'], { env: env(), all: true, reject: false });
    for (const { exitCode, all } of await Promise.all([one(), one(), one(), one()])) {
      expect(all).not.toMatch(/fail|error/i);
      expect(exitCode).toBe(0);
    }
    expect(ours.store.check()).toEqual([]);
  });
});

describe('the xenstore commands', () => {
  it('write, read, list, change permissions, and remove', async () => {
    await tool('xenstore-write', '/a/b', 'one', '/a/c', 'two');
    expect((await tool('xenstore-read', '/a/b', '/a/c')).stdout).toBe('one\ntwo');
    await tool('xenstore-chmod', '/a/b', 'n0', 'r5');
    expect((await tool('xenstore-ls', '-fp', '/a')).stdout).toBe(
      '/a/b = "one"   (n0,r5)\n/a/c = "two"   (n0)',
    );
    await tool('xenstore-rm', '/a');
    expect((await tool('xenstore-exists', '/a')).exitCode).toBe(1);
    expect((await tool('xenstore-list', '/')).stdout).toBe('tool');
  });

  it('list a directory that fits no packet', async () => {
    const names = Array.from({ length: 3000 }, (_, i) => `node-${i}`);
    for (let i = 0; i < names.length; i += 500) {
      await tool('xenstore-write', ...names.slice(i, i + 500).flatMap((n) => [`/big/${n}`, '']));
    }
    const listed = (await tool('xenstore-list', '/big')).stdout.split('\n');
    expect(listed.toSorted()).toEqual(names.toSorted());
  });

  it('watch', async () => {
    const watching = tool('xenstore-watch', '-n', '2', '/w');
    while (ours.store.state.watches.size() === 0) {
      await new Promise((done) => setTimeout(done, 5));
    }
    await tool('xenstore-write', '/w/x', '1');
    expect((await watching).stdout).toBe('/w\n/w/x');
  });

  it('control', async () => {
    expect((await control('check')).exitCode).toBe(0);
    const quota = await control('quota');
    expect(quota.stdout).toContain('nodes            :     1000 Nodes per domain');
    expect((await control('quota', 'set', 'nodes', '5')).exitCode).toBe(0);
    expect((await control('nonsense')).exitCode).not.toBe(0);
    expect(ours.store.state.quotas.nodes).toBe(5);
  });
});
