/**
 * Where ours differs from C xenstored 4.17 by choice: both answers, so that neither changes
 * unseen.
 */

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Peer } from '../peers/xenstored.ts';
import { startPeer } from '../peers/xenstored.ts';
import { createOurs, type Ours } from './ours.ts';
import {
  begin,
  end,
  inside,
  type Line,
  lastAnswer,
  other,
  TOOL,
  text,
  watch,
  write,
} from './script.ts';
import type { Subject } from './subject.ts';
import { createTheirs } from './theirs.ts';

let peer: Peer;
let theirs: Subject;
let ours: Ours;
beforeEach(async () => {
  peer = await startPeer('c');
  theirs = createTheirs(peer, 2);
  ours = createOurs(2, {});
});
afterEach(async () => {
  await theirs.stop();
  await peer.stop();
});

/** Domains 1 and 2, introduced; 1 stands in for 2. */
async function withStubDomain(store: Subject): Promise<void> {
  for (const domid of [1, 2]) {
    await store.world('exist', domid);
    await store.request(TOOL, 8, 0, `${domid}\x001\x005\0`);
    await store.enter(domid);
  }
  await store.request(TOOL, 19, 0, '1\x002\0');
}

describe('our answer and C xenstored 4.17’s, where', () => {
  it.each<[string, Line[], string, string]>([
    [
      'a transaction ends after a child was created beside its own',
      [write('/d/x'), begin, inside(write('/d/y')), other(write('/d/z')), end],
      'OK|',
      'EAGAIN|',
    ],
    [
      'a transaction ends after a value that it overwrote unread has changed',
      [write('/d/x'), begin, inside(write('/d/x')), other(write('/d/x')), end],
      'OK|',
      'EAGAIN|',
    ],
    [
      'watches are reset inside a transaction (XSA-484)',
      [begin, { type: 21, payload: '\0', inside: true }],
      'OK|',
      'dead',
    ],
    [
      'permissions are set of a special name that does not exist',
      [watch('a', 't'), { type: 14, payload: '@nothing\0n0\0' }],
      'EINVAL|',
      'dead',
    ],
    ['a watch has a depth (Xen 4.22)', [{ type: 4, payload: '/a\0t\x001\0' }], 'OK|', 'EINVAL|'],
    ['features are asked for (Xen 4.22)', [{ type: 23, payload: '' }], '14|', 'ENOSYS|'],
    ['a quota is asked for (Xen 4.22)', [{ type: 25, payload: 'nodes\0' }], '1000|', 'ENOSYS|'],
    [
      'a live update is begun',
      [{ type: 0, payload: 'live-update\0-f\0/none\0' }],
      'live-update: this xenstored cannot be updated while it runs|',
      'File not accessible.|',
    ],
  ])('%s', async (_when, lines, our, their) => {
    expect(await lastAnswer(ours, lines)).toBe(our);
    expect(await lastAnswer(theirs, lines)).toContain(their);
  });

  it('a domain is released that another stands in for: C keeps it (XSA-233)', async () => {
    const answers: string[] = [];
    for (const store of [ours, theirs]) {
      await withStubDomain(store);
      await store.request(TOOL, 9, 0, '2\0');
      answers.push(text(await store.request(TOOL, 17, 0, '2\0')));
    }
    expect(answers).toEqual(['F|', 'T|']);
  });

  it('a guest may not set the permissions of special names', async () => {
    await withStubDomain(ours);
    const reply = await ours.request({ domid: 1 }, 14, 0, '@releaseDomain\0n1\0');
    expect(text(reply)).toBe('EACCES|');
  });
});
