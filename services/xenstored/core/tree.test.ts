/** The tree against plain maps: snapshots stay as they were, whatever is written after them. */

import { describe, expect, it } from 'vitest';
import { prng } from '../../../shared/core/prng.ts';
import { childList, childrenOf } from './children.ts';
import { childPath, type Path, parentPath, pathOf, ROOT } from './path.ts';
import type { Perms } from './perms.ts';
import type { Tree } from './tree.ts';
import { createNode, edit, insert, lookup, remove } from './tree.ts';

const PERMS: Perms = { entries: [{ domid: 0, access: 'n', ignored: false }], generation: 0 };

/** All paths and values, in the order of the lists. */
function contents(tree: Tree): string[] {
  const rows: string[] = [];
  const stack: Path[] = [ROOT];
  for (let path = stack.pop(); path !== undefined; path = stack.pop()) {
    const node = lookup(tree, path);
    rows.push(`${path.text}=${node?.value}`);
    for (const child of childrenOf(node?.children)) stack.push(childPath(path, child.name));
  }
  return rows;
}

describe('the tree', () => {
  it.each([1, 2, 3])('keeps every snapshot as it was taken, seed %d', (seed) => {
    const random = prng(seed);
    let epochs = 1;
    const tree: Tree = { root: createNode(1, ROOT, 0, '', PERMS), epoch: 1, shape: 0, copied: 0 };
    const snapshots: { tree: Tree; rows: string[] }[] = [];
    const names = Array.from({ length: 60 }, (_, i) => `n${i}`);
    const randomPath = (): Path =>
      pathOf(`/${Array.from({ length: 1 + random.below(2) }, () => random.pick(names)).join('/')}`);
    for (let step = 1; step <= 3000; step++) {
      const path = randomPath();
      const node = lookup(tree, path);
      if (node !== undefined && random.chance(0.3)) remove(tree, path, step);
      else if (node !== undefined) edit(tree, path).value = `${step}`;
      else if (lookup(tree, parentPath(path)) !== undefined) {
        insert(tree, path, createNode(tree.epoch, path, step, `${step}`, PERMS), step);
      }
      if (step % 100 === 0) {
        const copy = { root: tree.root, epoch: ++epochs, shape: 0, copied: 0 };
        tree.epoch = ++epochs;
        snapshots.push({ tree: copy, rows: contents(copy) });
      }
    }
    expect(new Set(contents(tree)).size).toBeGreaterThan(100);
    for (const snapshot of snapshots) expect(contents(snapshot.tree)).toEqual(snapshot.rows);
  });

  it('lists children in the order in which they came, however many', () => {
    const tree: Tree = { root: createNode(1, ROOT, 0, '', PERMS), epoch: 1, shape: 0, copied: 0 };
    const names = Array.from({ length: 1000 }, (_, i) => `child-${(i * 7919) % 1000}`);
    const add = (name: string): void => {
      const path = pathOf(`/${name}`);
      insert(tree, path, createNode(1, path, 1, '', PERMS), 1);
    };
    for (const name of names) add(name);
    remove(tree, pathOf('/child-0'), 2);
    add('child-0');
    const expected = [...names.filter((name) => name !== 'child-0'), 'child-0'];
    expect(childrenOf(tree.root.children).map(({ name }) => name)).toEqual(expected);
    const list = childList(tree.root.children);
    expect(list.length).toBe(tree.root.children?.bytes);
    expect(String.fromCharCode(...list)).toBe(expected.map((name) => `${name}\0`).join(''));
  });
});
