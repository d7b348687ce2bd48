/**
 * Where C xenstored 4.17 has no answer (it ends, or says whatever errno was left), and where ours
 * is not C's: what OCaml xenstored answers to the same requests, beside ours.
 */

import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Peer, startPeer } from '../peers/xenstored.ts';
import { createOurs, type Ours } from './ours.ts';
import {
  begin,
  end,
  inside,
  type Line,
  lastAnswer,
  ls,
  other,
  read,
  rm,
  setPerms,
  text,
  watch,
  write,
} from './script.ts';
import type { Subject } from './subject.ts';
import { createTheirs } from './theirs.ts';

let peer: Peer;
let theirs: Subject;
let ours: Ours;
beforeAll(async () => {
  peer = await startPeer('ocaml');
  theirs = createTheirs(peer, 2);
});
afterAll(async () => {
  await theirs.stop();
  await peer.stop();
});
beforeEach(async () => {
  ours = createOurs(2, {});
  await theirs.request({ socket: 0 }, 13, 0, '/d\0');
});

describe('a transaction that C fails and that nothing speaks against, then what it wrote', () => {
  it.each<[string, Line[], Line, string]>([
    [
      'a child was created beside its own',
      [write('/d/x'), begin, inside(write('/d/y')), other(write('/d/z')), end],
      ls('/d'),
      'x|y|z|',
    ],
    [
      'a value that it overwrote unread has changed',
      [write('/d/x'), begin, inside(write('/d/x', '1')), other(write('/d/x', '2')), end],
      read('/d/x'),
      '1',
    ],
    [
      'beside the node that it removed one was created',
      [write('/d/x'), begin, inside(rm('/d/x')), other(write('/d/y')), end],
      ls('/d'),
      'y|',
    ],
  ])('%s: both commit it', async (_when, lines, look, seen) => {
    for (const store of [ours, theirs]) {
      expect(await lastAnswer(store, lines)).toBe('OK|');
      const listed = await lastAnswer(store, [look]);
      const sorted = look.type === 1 ? listed.split('|').toSorted().slice(1) : [listed];
      expect(sorted.map((name) => (look.type === 1 ? `${name}|` : name)).join('')).toBe(seen);
    }
  });
});

describe('a transaction that read what has changed: neither commits it', () => {
  it.each<[string, Line[]]>([
    [
      'a value',
      [
        write('/d/x'),
        begin,
        inside(read('/d/x')),
        inside(write('/d/y')),
        other(write('/d/x', '2')),
      ],
    ],
    [
      'a list',
      [write('/d/x'), begin, inside(ls('/d')), inside(write('/d/y')), other(write('/d/z'))],
    ],
  ])('%s', async (_what, lines) => {
    for (const store of [ours, theirs]) {
      expect(await lastAnswer(store, [...lines, end])).toBe('EAGAIN|');
    }
  });
});

describe('our answer and OCaml xenstored’s, where', () => {
  it.each<[string, Line[], string, string]>([
    [
      'watches are reset inside a transaction (C ends: XSA-484)',
      [begin, inside({ type: 21, payload: '\0' })],
      'OK|',
      'OK|',
    ],
    // OCaml keeps the transaction for later, though every one was to end.
    [
      'a transaction is ended that such a reset has ended',
      [begin, inside({ type: 21, payload: '\0' }), end],
      'ENOENT|',
      'EIO|',
    ],
    // As C of Xen 4.22; OCaml looks for a node of that name.
    [
      'permissions are set of a special name that does not exist (C may end)',
      [watch('a', 't'), setPerms('@nothing', 'n0')],
      'EINVAL|',
      'ENOENT|',
    ],
    [
      'a path is due and there are two (C: the errno that was left)',
      [watch('/a', 't'), { type: 2, payload: '/a\0/b\0' }],
      'EINVAL|',
      'EINVAL|',
    ],
    [
      'a path is due that ends with a slash (XSA-481)',
      [read('/local/domain/')],
      'EINVAL|',
      'EINVAL|',
    ],
    [
      'a type is asked for that was taken away',
      [{ type: 20, payload: '\0' }],
      'ENOSYS|',
      'ENOSYS|',
    ],
  ])('%s', async (_when, lines, our, their) => {
    expect(await lastAnswer(ours, lines)).toBe(our);
    expect(await lastAnswer(theirs, lines)).toBe(their);
  });

  // OCaml xenstored closes the connection: the last test, since the tool is gone after it.
  it('there is no path at all: ours says EINVAL and lives', async () => {
    await lastAnswer(ours, [watch('/a', 't')]);
    expect(await lastAnswer(ours, [{ type: 2, payload: '' }])).toBe('EINVAL|');
    expect(text(await ours.request({ socket: 0 }, 10, 0, '1\0'))).toBe('/local/domain/1|');
  });
});
