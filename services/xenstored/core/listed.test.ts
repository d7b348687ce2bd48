/** The list of a large directory, kept through changes, against one made anew. */

import { describe, expect, it } from 'vitest';
import { prng } from '../../../shared/core/prng.ts';
import { fromLatin1, toLatin1 } from '../../../shared/core/text.ts';
import type { Children } from './children.ts';
import { addChild, childList, childrenOf, deleteChild, ownChildren } from './children.ts';
import { LISTED_CHANGES_MAX } from './limits.ts';
import { listedAs, upToDate, withName, withoutName } from './listed.ts';
import { pathOf } from './path.ts';
import type { Perms } from './perms.ts';
import { bench } from './testing.ts';
import { createNode, lookup } from './tree.ts';

const PERMS: Perms = { entries: [{ domid: 0, access: 'n', ignored: false }], generation: 0 };
const joined = (names: readonly string[]): string => names.map((name) => `${name}\0`).join('');
const listText = (children: Children): string => fromLatin1(childList(children));

describe('a list that is kept', () => {
  it.each([1, 2, 3, 4])('equals one made anew, in every snapshot, seed %d', (seed) => {
    const random = prng(seed);
    let epoch = 1;
    let children = ownChildren(undefined, epoch);
    let names: string[] = [];
    const snapshots: [Children, string][] = [];
    // Of many lengths, and some the end of another.
    const all = Array.from({ length: 300 }, (_, i) => `${'x'.repeat(i % 4)}${i}`);
    for (let step = 0; step < 3000; step++) {
      const name = random.pick(all);
      if (names.includes(name)) {
        deleteChild(children, name, step);
        names = names.filter((each) => each !== name);
      } else {
        addChild(children, createNode(epoch, pathOf(`/d/${name}`), step, '', PERMS), step);
        names = [...names, name];
      }
      if (random.chance(0.1)) expect(listText(children)).toBe(joined(names));
      if (!random.chance(0.02)) continue;
      snapshots.push([children, joined(names)]);
      children = ownChildren(children, ++epoch);
    }
    expect(childrenOf(children).map((node) => node.name)).toEqual(names);
    for (const [snapshot, text] of snapshots) expect(listText(snapshot)).toBe(text);
  });

  it.each([
    ['nothing', [], ['a', 'bb', 'a2'], 'a bb a2'],
    ['one that comes', ['+c'], ['a', 'bb', 'a2'], 'a bb a2 c'],
    ['the first that goes', ['-a'], ['a', 'bb', 'a2'], 'bb a2'],
    ['the last that goes', ['-a2'], ['a', 'bb', 'a2'], 'a bb'],
    ['one that goes and comes', ['-a', '+a'], ['a', 'bb', 'a2'], 'bb a2 a'],
    ['one that comes and goes', ['+c', '-c'], ['a', 'bb', 'a2'], 'a bb a2'],
    ['all that go', ['-bb', '-a', '-a2'], ['a', 'bb', 'a2'], ''],
  ])('is brought up to date: %s', (_what, changes, before, after) => {
    const text = joined(after.split(' ').filter((name) => name !== ''));
    let listed = listedAs(toLatin1(joined(before)));
    for (const change of changes) {
      const note = change.startsWith('+') ? withName : withoutName;
      listed = note(listed, change.slice(1)) ?? expect.fail('it was given up');
    }
    expect(fromLatin1(upToDate(listed, text.length).bytes)).toBe(text);
  });

  it('is given up after so many changes, however they mix', () => {
    let listed = withName(listedAs(toLatin1('a\0')), 'b');
    for (let i = 0; i < LISTED_CHANGES_MAX; i++) {
      expect(listed).toBeDefined();
      listed = i % 2 === 0 ? withName(listed, `n${i}`) : withoutName(listed, `o${i}`);
    }
    expect(listed).toBeUndefined();
  });
});

describe('a directory of 5,000', () => {
  const many = () => {
    const { dom0, store } = bench();
    for (let i = 0; i < 5000; i++) dom0.say('write', `/many/${i}`, '');
    const list = () => lookup(store.state.tree, pathOf('/many'))?.children?.large?.list;
    return { dom0, list };
  };

  it('is E2BIG for DIRECTORY, without its list being made', () => {
    const { dom0, list } = many();
    expect(dom0.say('ls', '/many')).toBe('E2BIG');
    expect(list()).toBeUndefined();
  });

  it('keeps its list for DIRECTORY_PART when names come and go', () => {
    const { dom0, list } = many();
    dom0.say('part', '/many', '0');
    dom0.say('rm', '/many/0');
    dom0.say('write', '/many/5000', '');
    expect(list()).toMatchObject({ went: ['0'], came: ['5000'] });
    expect(dom0.say('part', '/many', '0')).toMatch(/^\d+\|1\|2\|3\|/);
    expect(list()).toMatchObject({ went: [], came: [] });
    const names = Array.from({ length: 5000 }, (_, i) => String(i + 1));
    expect(fromLatin1(list()?.bytes ?? new Uint8Array(0))).toBe(joined(names));
  });
});
