/** The front end of a vif against back ends as they are (their sources are named at each). */

import { expect, it } from 'vitest';
import { nextBackStep } from './back-state.ts';
import { nextVifFrontStep, type VifFrontView } from './vif-front-state.ts';

const USUAL = { isOnline: true, isOffered: true, isUsed: true, isLying: false };

function step(own?: number, other?: number, more: Partial<VifFrontView> = {}) {
  const found = nextVifFrontStep({ own, other, ...USUAL, ...more });
  return found && [found.deed, found.state].filter((each) => each !== undefined).join(' ');
}

const stale = { isOffered: false, isUsed: false };
const offered = { isUsed: false };

type Row = [string, number, number | undefined, Partial<VifFrontView>, string | undefined];

it.each<Row>([
  ['waits for the back end', 1, 1, stale, undefined],
  ['waits for a back end that is not there', 1, undefined, stale, undefined],
  ['offers its rings and is connected, without Initialised', 1, 2, stale, 'offer 4'],
  ['waits while a script connects the back end', 4, 2, offered, undefined],
  ['uses its rings', 4, 4, offered, 'connect'],
  ['has nothing to do then', 4, 4, {}, undefined],
  ['begins anew with a back end that does', 4, 2, {}, 'disconnect 1'],
  ['asks a back end that serves a domain before it to close', 1, 4, stale, 'disconnect 5'],
  ['does so where that was connected', 4, 4, stale, 'disconnect 5'],
  ['does so where that had just begun', 4, 2, stale, 'disconnect 5'],
  ['closes where its back end lies', 4, 4, { isLying: true }, 'disconnect 5'],
  ['waits for the back end to close', 5, 4, stale, undefined],
  ['closes after the back end', 5, 5, stale, 'disconnect 6'],
  ['closes when the back end does', 4, 5, {}, 'disconnect 6'],
  ['closes after a back end that closed unseen', 4, 6, {}, 'disconnect 6'],
  ['comes again', 6, 6, stale, 'nothing 1'],
  ['comes again to one that waits', 6, 2, stale, 'nothing 1'],
  ['does not come again to what is to go', 6, 6, { ...stale, isOnline: false }, undefined],
  ['keeps its rings while the back end is not there', 4, undefined, {}, undefined],
])('%s', (_, own, other, more, want) => {
  expect(step(own, other, more)).toBe(want);
});

/** What a back end's own node says next, by what both say. */
type Back = (own: number, front: number) => number;

/** frontend_changed and set_backend_state in xenbus.c of xen-netback @ v6.12: whole walks. */
const linux: Back = (own, front) => {
  if (front === 1) return 2;
  if (front === 4) return 4;
  if (front === 5) return own === 6 ? 6 : 5;
  return front === 6 ? 6 : own;
};
/** Ours; it has what is behind it at once, and connects where it is told to. */
const ours: Back = (own, front) => {
  const isConnected = own === 4;
  const ends = { own, other: front, isOnline: true, isReady: true };
  return nextBackStep({ ...ends, isConnected, hasOtherKeys: false })?.state ?? own;
};

it.each([
  ['Linux’s', linux, undefined],
  ['our', ours, undefined],
])('meets %s back end from every pair of states, and never says 3', (_, back) => {
  for (const firstOwn of [1, 3, 4, 5, 6]) {
    for (const firstOther of [2, 4, 5, 6]) {
      let [own, other, isOffered, isUsed] = [firstOwn, firstOther, false, false];
      for (let steps = 0; steps < 20 && !isUsed; steps++) {
        const found = nextVifFrontStep({ ...USUAL, own, other, isOffered, isUsed });
        if (found?.deed === 'offer') isOffered = true;
        if (found?.deed === 'disconnect') isOffered = false;
        if (found?.deed === 'connect') isUsed = true;
        expect(found?.state).not.toBe(3);
        own = found?.state ?? own;
        other = back(other, own);
      }
      expect([firstOwn, firstOther, own, other, isOffered, isUsed]).toEqual([
        ...[firstOwn, firstOther, 4, 4, true, true],
      ]);
    }
  }
});
