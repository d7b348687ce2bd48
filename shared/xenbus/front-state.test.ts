/** The front end's half against back ends as they are (their sources are named at each). */

import { expect, it } from 'vitest';
import { nextBackStep } from './back-state.ts';
import { type FrontView, nextFrontStep } from './front-state.ts';

function step(own: number | undefined, other: number | undefined, more: Partial<FrontView> = {}) {
  const found = nextFrontStep({ own, other, isOnline: true, isOffered: true, ...more });
  return found && [found.deed, found.state].filter((each) => each !== undefined).join(' ');
}

const stale = { isOffered: false };

it.each<[string, number | undefined, number | undefined, Partial<FrontView>, string | undefined]>([
  ['waits for the back end', 1, 1, stale, undefined],
  ['waits for a back end that is not there', 1, undefined, stale, undefined],
  ['offers its rings', 1, 2, stale, 'offer 3'],
  ['waits while the back end looks at them', 3, 2, {}, undefined],
  ['connects', 3, 4, {}, 'connect 4'],
  ['looks again when it is told to', 4, 4, {}, 'measure'],
  ['offers new rings to a back end that begins anew', 4, 2, {}, 'offer 3'],
  ['asks a back end that serves a domain before it to close', 1, 4, stale, 'disconnect 5'],
  ['does so where that was connected', 4, 4, stale, 'disconnect 5'],
  ['does so where that had just begun', 3, 2, stale, 'disconnect 5'],
  ['waits for the back end to close', 5, 4, {}, undefined],
  ['closes after the back end', 5, 5, {}, 'disconnect 6'],
  ['closes when the back end does', 4, 5, {}, 'disconnect 6'],
  ['closes after a back end that closed unseen', 4, 6, {}, 'disconnect 6'],
  ['comes again', 6, 6, {}, 'nothing 1'],
  ['comes again to one that waits', 6, 2, {}, 'nothing 1'],
  ['does not come again to what is to go', 6, 6, { isOnline: false }, undefined],
  ['keeps its rings while the back end is not there', 4, undefined, {}, undefined],
])('%s', (_, own, other, more, want) => {
  expect(step(own, other, more)).toBe(want);
});

/** What a back end's own node says next, by what both say. */
type Back = (own: number, front: number) => number;

/** frontend_changed in xen-blkback/xenbus.c @ v6.12. */
const linux: Back = (own, front) => {
  if (front === 1 && own === 6) return 2;
  if ((front === 3 || front === 4) && own === 2) return 4;
  if (front === 5 && own !== 6) return 5;
  return front === 6 ? 6 : own;
};
/** Ours; it has what is behind it at once, and connects where it is told to. */
const ours: Back = (own, front) => {
  const isConnected = own === 4;
  const ends = { own, other: front, isOnline: true, isReady: true };
  return nextBackStep({ ...ends, isConnected, hasOtherKeys: false })?.state ?? own;
};

it.each([
  ['Linux’s', linux],
  ['our', ours],
])('meets %s back end from every pair of states', (_, back) => {
  for (const firstOwn of [1, 3, 4, 5, 6]) {
    for (const firstOther of [2, 4, 5, 6]) {
      let [own, other, isOffered] = [firstOwn, firstOther, false];
      for (let steps = 0; steps < 20 && !(own === 4 && other === 4 && isOffered); steps++) {
        const found = nextFrontStep({ own, other, isOnline: true, isOffered });
        if (found?.deed === 'offer') isOffered = true;
        if (found?.deed === 'disconnect') isOffered = false;
        own = found?.state ?? own;
        other = back(other, own);
      }
      expect([firstOwn, firstOther, own, other, isOffered]).toEqual([
        ...[firstOwn, firstOther, 4, 4, true],
      ]);
    }
  }
});
