/** Transactions side by side commit as if each had run alone at its commit. */

import { describe, expect, it } from 'vitest';
import { prng } from '../../../shared/core/prng.ts';
import type { StoreOptions } from './state.ts';
import { type Bench, bench, type Speaker } from './testing.ts';

const rows = (b: Bench, path = '/'): string[] => {
  const children = b.dom0.say('ls', path).split('|').filter(Boolean).sort();
  const own = `${path} ${b.dom0.say('read', path)} ${b.dom0.say('getPerms', path)}`;
  return [
    own,
    ...children.flatMap((name) => rows(b, path === '/' ? `/${name}` : `${path}/${name}`)),
  ];
};

/** What a request and its reply look like in a log; lists in one order. */
type Entry = { readonly words: readonly string[]; readonly reply: string };

const normal = (op: string, reply: string): string =>
  op === 'ls' ? reply.split('|').sort().join('|') : reply;

function randomWords(random: ReturnType<typeof prng>): string[] {
  const part = () => random.pick(['a', 'b', 'c']);
  const depth = 1 + random.below(3);
  const path = `/local/domain/1/${Array.from({ length: depth }, part).join('/')}`;
  const op = random.pick([
    'read',
    'ls',
    'getPerms',
    'write',
    'write',
    'write',
    'mkdir',
    'rm',
    'setPerms',
  ]);
  if (op === 'write') return [op, path, String(random.below(1000))];
  if (op === 'setPerms') return [op, path, random.pick(['n1', 'r1', 'n1', 'b0']), 'r2'];
  return [op, path];
}

/**
 * Runs random transactions side by side; every commit must be as if it had run alone, just then.
 */
function runSideBySide(seed: number, steps: number, options: Partial<StoreOptions>) {
  const random = prng(seed);
  const [side, alone] = [bench(options), bench()];
  const speakers = (b: Bench): Speaker[] => [b.tool(), b.tool(), b.tool(), b.guest(1)];
  const sides = speakers(side);
  const alones = speakers(alone);
  const open = sides.map(() => ({ id: 0, log: [] as Entry[] }));
  const tally = { commits: 0, conflicts: 0 };

  const replay = (who: number, log: readonly Entry[]): void => {
    for (const { words, reply } of log) {
      const [op = '', ...rest] = words;
      expect([words, normal(op, (alones[who] as Speaker).say(op, ...rest))]).toEqual([
        words,
        reply,
      ]);
    }
  };

  for (let step = 0; step < steps; step++) {
    const who = random.below(sides.length);
    const speaker = sides[who] as Speaker;
    const tx = open[who] as { id: number; log: Entry[] };
    if (tx.id === 0 && random.chance(0.6)) {
      tx.id = speaker.begin();
      tx.log = [];
    } else if (tx.id !== 0 && random.chance(0.2)) {
      const commits = random.chance(0.9);
      const reply = speaker.in(tx.id, 'end', commits ? 'T' : 'F');
      if (reply === 'OK|' && commits) {
        tally.commits++;
        replay(who, tx.log);
        expect(rows(side)).toEqual(rows(alone));
      } else if (reply === 'EAGAIN') tally.conflicts++;
      else expect(reply).toBe('OK|');
      tx.id = 0;
    } else {
      const words = randomWords(random);
      const [op = '', ...rest] = words;
      const reply = normal(op, speaker.in(tx.id, op, ...rest));
      if (tx.id === 0) replay(who, [{ words, reply }]);
      else tx.log.push({ words, reply });
    }
    expect(side.store.check()).toEqual([]);
  }
  return tally;
}

describe('transactions side by side', () => {
  const seeds = Array.from({ length: 8 }, (_, i) => i + 1);
  it.each(seeds.flatMap((seed) => [1, 4000, 1e9].map((bytes) => [seed, bytes] as const)))(
    'commit as if each had run alone at its commit, seed %d, snapshots of %d bytes',
    (seed, snapshotBytes) => {
      const { commits, conflicts } = runSideBySide(seed, 400, { snapshotBytes });
      expect(commits).toBeGreaterThan(10);
      expect(conflicts).toBeGreaterThan(0);
    },
  );

  it('never conflict on children created below one directory', () => {
    const { dom0, tool, store } = bench();
    dom0.say('mkdir', '/backend/vif');
    const tools = Array.from({ length: 20 }, tool);
    const ids = tools.map((t) => t.begin());
    tools.forEach((t, i) => {
      expect(t.in(ids[i] as number, 'write', `/backend/vif/${i}/state`, '1')).toBe('OK|');
      expect(t.in(ids[i] as number, 'write', `/backend/vif/${i}/mac`, 'x')).toBe('OK|');
    });
    expect(tools.map((t, i) => t.in(ids[i] as number, 'end', 'T'))).toEqual(Array(20).fill('OK|'));
    expect(dom0.say('ls', '/backend/vif').split('|').filter(Boolean)).toHaveLength(20);
    expect(store.check()).toEqual([]);
  });

  it.each<[string, string[][], string[], string]>([
    ['a value that it read', [['read', '/d/x']], ['write', '/d/x', '2'], 'EAGAIN'],
    ['a value that it only overwrote', [['write', '/d/x', '1']], ['write', '/d/x', '2'], 'OK|'],
    ['a value beside the one it read', [['read', '/d/x']], ['write', '/d/y', '2'], 'OK|'],
    ['a list that it read, by a child', [['ls', '/d']], ['mkdir', '/d/z'], 'EAGAIN'],
    ['a list that it read, by a value in it', [['ls', '/d']], ['write', '/d/x', '2'], 'OK|'],
    ['the value of a directory that it listed', [['ls', '/d']], ['write', '/d', '2'], 'OK|'],
    [
      'permissions of a node that it wrote',
      [['write', '/d/x', '1']],
      ['setPerms', '/d/x', 'r0'],
      'EAGAIN',
    ],
    ['a node that it wrote, by removing it', [['write', '/d/x', '1']], ['rm', '/d/x'], 'EAGAIN'],
    ['a node that it found missing', [['read', '/d/q']], ['write', '/d/q', ''], 'EAGAIN'],
    ['a node that it created', [['mkdir', '/d/q']], ['mkdir', '/d/q'], 'EAGAIN'],
    [
      'the directory it created in, by another child',
      [['mkdir', '/d/q']],
      ['mkdir', '/d/r'],
      'OK|',
    ],
    ['the directory it created in, by removing it', [['mkdir', '/d/q']], ['rm', '/d'], 'EAGAIN'],
    [
      'a subtree that it removed, by a new node in it',
      [['rm', '/d']],
      ['mkdir', '/d/x/n'],
      'EAGAIN',
    ],
    ['a value in a subtree that it removed', [['rm', '/d']], ['write', '/d/x', '9'], 'OK|'],
    [
      'nothing that it touched',
      [
        ['read', '/d/x'],
        ['write', '/d/y', ''],
      ],
      ['write', '/e', ''],
      'OK|',
    ],
  ])('when another changes %s', (_what, inside, outside, expected) => {
    const { dom0, tool, store } = bench();
    for (const path of ['/d/x', '/d/y']) dom0.say('write', path, '0');
    const id = dom0.begin();
    for (const [op = '', ...words] of inside) dom0.in(id, op, ...words);
    const [op = '', ...words] = outside;
    expect(tool().say(op, ...words)).toBe('OK|');
    expect(dom0.in(id, 'end', 'T')).toBe(expected);
    expect(store.check()).toEqual([]);
  });

  it('fail in the strict mode on any change of a node that they touched, as in C', () => {
    const { dom0, tool } = bench({ conflicts: 'node' });
    dom0.say('mkdir', '/d');
    const id = dom0.begin();
    dom0.in(id, 'mkdir', '/d/q');
    tool().say('mkdir', '/d/r');
    expect(dom0.in(id, 'end', 'T')).toBe('EAGAIN');
  });
});

describe('a transaction that will fail', () => {
  /** What c sees, once d has changed what it read, and much else beside. */
  const doomed = (options: Partial<StoreOptions>, churn: number) => {
    const side = bench(options);
    const { dom0: d, tool, host } = side;
    const c = tool();
    d.say('write', '/p/a', '1');
    d.say('write', '/p/b', '2');
    d.say('write', '/p/gone/x', '3');
    for (let i = 0; i < churn; i++) d.say('write', `/q/${i}`, 'v'.repeat(500));
    const id = c.begin();
    const seen = [c.in(id, 'read', '/p/a'), c.in(id, 'read', '/p/gone/x'), c.in(id, 'ls', '/p')];
    c.in(id, 'write', '/p/new', 'mine');
    c.in(id, 'write', '/p/b', 'mine, too');
    c.in(id, 'rm', '/p/gone/x');
    d.say('write', '/p/a', 'other');
    d.say('write', '/p/theirs', '');
    d.say('rm', '/p/gone');
    for (let i = 0; i < churn; i++) d.say('write', `/q/${i}`, 'w');
    return { ...side, c, id, seen, host };
  };

  it.each([
    ['its snapshot is kept', { snapshotBytes: 1e9 }, 130],
    ['its snapshot is gone', { snapshotBytes: 1 }, 130],
    ['its snapshot is gone by what the store commonly keeps', {}, 1000],
  ])('goes on to see what it saw and wrote: %s', (_how, options, churn) => {
    const { c, id, seen, store } = doomed(options, churn);
    expect(seen).toEqual(['1', '3', 'a|b|gone|']);
    expect(c.in(id, 'read', '/p/a')).toBe('1');
    expect(c.in(id, 'read', '/p/new')).toBe('mine');
    expect(c.in(id, 'read', '/p/b')).toBe('mine, too');
    expect(c.in(id, 'read', '/p/gone/x')).toBe('ENOENT');
    expect(c.in(id, 'setPerms', '/p/new', 'r0')).toBe('OK|');
    expect(c.in(id, 'ls', '/p').split('|').sort().join(' ').trim()).toBe('a b gone new');
    expect(c.in(id, 'write', '/p/new', 'again')).toBe('OK|');
    expect(c.in(id, 'read', '/p/new')).toBe('again');
    expect(c.in(id, 'end', 'T')).toBe('EAGAIN');
    expect(c.say('read', '/p/new')).toBe('ENOENT');
    expect(c.say('read', '/p/a')).toBe('other');
    expect(store.check()).toEqual([]);
  });

  it('gives its snapshot back when memory is short, and still sees its own', () => {
    const { c, id, store, host } = doomed({ snapshotBytes: 1e9 }, 10);
    let refused = 0;
    host.hasRoom = () => store.state.snapshots.size === 0 || ++refused === 0;
    expect(store.state.snapshots.size).toBe(1);
    expect(c.say('write', '/elsewhere', 'x')).toBe('OK|');
    expect(refused).toBeGreaterThan(0);
    expect(store.state.snapshots.size).toBe(0);
    host.hasRoom = () => true;
    expect(c.in(id, 'read', '/p/new')).toBe('mine');
    expect(c.in(id, 'read', '/p/a')).toBe('1');
    expect(c.in(id, 'end', 'T')).toBe('EAGAIN');
    expect(store.check()).toEqual([]);
  });
});
