/** The back end's half against frontends as they are (their sources are named at each). */

import { describe, expect, it } from 'vitest';
import { prng } from '../core/prng.ts';
import { type BackView, isOver, nextBackStep } from './back-state.ts';
import { parseState } from './states.ts';

/** A frontend gives its next state, or none; it gets the back end's. */
type Frontend = Generator<number | undefined, never, number>;

function refuse(what: string): never {
  throw new Error(`the guest fails: ${what}`);
}

/** xen-blkfront.c @ v6.12: 3 at InitWait, 4 at Connected; a back end that closes ends the disk. */
function* linuxVbd(): Frontend {
  let be = yield 1;
  while (be !== 2) be = yield undefined;
  be = yield 3;
  while (be !== 4) be = yield undefined;
  yield 4;
  for (;;) if ((yield undefined) !== 4) refuse('disk dead');
}

/** xen-netfront.c @ v6.12: 4 at InitWait, never 3. */
function* linuxVif(): Frontend {
  let be = yield 1;
  while (be !== 2) be = yield undefined;
  be = yield 4;
  while (be === 2) be = yield undefined;
  if (be !== 4) refuse(`connected to a back end at ${be}`);
  for (;;) if ((yield undefined) !== 4) refuse('closed');
}

/** xenbus_probe_frontend.c @ v6.12 after kexec: a close cycle before anything else. */
function* linuxKexec(): Frontend {
  let be = yield 5;
  while (be !== 5 && be !== 6) be = yield undefined;
  be = yield 6;
  while (be !== 6) be = yield undefined;
  return yield* linuxVbd();
}

/** win-xenvbd's frontend.c @ 583bd7f: closes first, then only 2 will do. */
function* windowsVbd(): Frontend {
  let be = yield 1;
  while (be === 1) be = yield undefined;
  while (be !== 5 && be !== 6) be = yield 5;
  while (be !== 6) be = yield 6;
  be = yield 1;
  while (be === 6 || be === 1) be = yield undefined;
  if (be !== 2) refuse(`exactly 2 is wanted, not ${be}`);
  be = yield 3;
  while (be === 2 || be === 1 || be === 3) be = yield undefined;
  if (be !== 4) refuse(`4 is wanted, not ${be}`);
  yield 4;
  for (;;) if ((yield undefined) !== 4) refuse('disk lost');
}

/** win-xenvif's frontend.c @ 14892e7: asserts that it never sees 3, 7, 8. */
function* windowsVif(): Frontend {
  let be = yield 1;
  for (let isPrepared = false; !isPrepared; ) {
    if (be === 4) be = yield 5;
    else if (be === 5) be = yield 6;
    else if (be === 6) be = yield 1;
    else if (be === 1) be = yield undefined;
    else if (be === 2) isPrepared = true;
    else refuse(`asserts: ${be}`);
  }
  be = yield 4;
  while (be === 2 || be === 3) be = yield undefined;
  if (be !== 4) refuse(`4 is wanted, not ${be}`);
  for (;;) if ((yield undefined) !== 4) refuse('closed');
}

/** xbd_xenbus.c, if_xennet_xenbus.c: panics at 6, 7 and 8. */
function* netbsd(): Frontend {
  const met = (be: number): number => (be > 5 ? refuse(`panic: ${be}`) : be);
  let be = met(yield 1);
  while (be !== 2) be = met(yield undefined);
  be = met(yield 3);
  while (be !== 4) be = met(yield undefined);
  yield 4;
  for (;;) met(yield undefined);
}

/** FreeBSD's blkfront.c: it begins at 2, 3 and 4 alike. */
function* freebsd(): Frontend {
  let be = yield 1;
  while (be !== 2 && be !== 3 && be !== 4) be = yield undefined;
  be = yield 3;
  while (be !== 4) be = yield undefined;
  yield 4;
  for (;;) yield undefined;
}

/** mirage-block-xen's blkfront.ml @ 07ed0c7: 4 without 3. */
function* mirage(): Frontend {
  let be = yield 1;
  while (be !== 2) be = yield undefined;
  be = yield 4;
  while (be !== 4) be = yield undefined;
  for (;;) yield undefined;
}

/** GRUB's xendisk.c: 3 unasked and for ever, 6 without 5, then 1 for the kernel that it starts. */
function* grub(): Frontend {
  let be = yield 3;
  while (be === 2) be = yield undefined;
  if (be !== 4) refuse(`no disk: ${be}`);
  be = yield 6;
  while (be !== 6) be = yield undefined;
  return yield* linuxVbd();
}

/** mini-os's blkfront.c. */
function* minios(): Frontend {
  let be = yield 3;
  while (be < 4) be = yield undefined;
  if (be !== 4) refuse(`no disk: ${be}`);
  yield 4;
  for (;;) yield undefined;
}

const FRONTENDS = {
  ...{ linuxVbd, linuxVif, linuxKexec, windowsVbd, windowsVif, netbsd, freebsd, mirage, grub },
  minios,
};
const STARTS: Readonly<Record<string, number>> = { grub: 2, minios: 2, linuxKexec: 4 };

class Ends {
  own: number;
  other: number | undefined;
  isConnected = false;
  isOnline = true;
  isReady = true;
  hasOtherKeys = false;
  readonly said: string[] = [];
  constructor(own: number) {
    this.own = own;
  }

  view(): BackView {
    return { ...this };
  }

  /** One step of the back end; false: it waits. */
  back(): boolean {
    const step = nextBackStep(this.view());
    if (step === undefined) return false;
    this.isConnected = step.deed === 'connect' || step.deed === 'adopt';
    if (step.state !== undefined) this.own = step.state;
    this.said.push(`${step.deed} ${this.own}`);
    return true;
  }
}

describe.each(Object.entries(FRONTENDS))('%s', (name, frontend) => {
  it.each(Array.from({ length: 30 }, (_, seed) => seed))('connects, seed %i', (seed) => {
    const random = prng(seed);
    const ends = new Ends(STARTS[name] ?? 1);
    // A predecessor served the kernel that was before.
    ends.isConnected = ends.own === 4;
    const guest = frontend();
    let next = guest.next();
    let wrote = true;
    for (let idle = 0; idle < 20; ) {
      const isBacks = random.chance(0.5);
      if (isBacks) wrote = ends.back();
      else {
        if (next.value !== undefined) ends.other = next.value;
        wrote = next.value !== undefined;
        next = guest.next(ends.own);
      }
      idle = wrote ? 0 : idle + 1;
    }
    expect([ends.own, ends.isConnected]).toEqual([4, true]);
    expect([3, 4]).toContain(ends.other);
  });
});

const view = (own: number | undefined, other: number | undefined, rest: Partial<BackView> = {}) =>
  nextBackStep({
    ...{ own, other, isOnline: true, isReady: true, isConnected: false, hasOtherKeys: false },
    ...rest,
  });

const on = { isConnected: true };
const off = { isOnline: false };

it.each([
  ['begins where nothing is written yet', undefined, undefined, {}, 'offer 2'],
  ['begins where nonsense is', 0, 1, {}, 'offer 2'],
  ['begins where a state is that it never writes', 7, 1, {}, 'offer 2'],
  ['waits for what is behind the device', 1, 1, { isReady: false }, undefined],
  ['waits for the frontend', 2, 1, {}, undefined],
  ['adopts what a predecessor served', 4, 4, {}, 'adopt 4'],
  ['adopts what GRUB is served', 4, 3, {}, 'adopt 4'],
  ['leaves a connected frontend alone', 4, 4, on, undefined],
  ['adopts nothing before what is behind it is there', 4, 4, { isReady: false }, undefined],
  ['connects nobody before that', 2, 3, { isReady: false }, undefined],
  ['begins anew for other rings', 4, 3, { ...on, hasOtherKeys: true }, 'offer 2'],
  ['begins anew for a frontend that began anew', 4, 1, on, 'offer 2'],
  ['serves nobody once the frontend is gone', 4, undefined, on, 'disconnect'],
  ['waits for a frontend that was gone', 4, undefined, {}, undefined],
  ['closes after the frontend', 4, 5, on, 'disconnect 5'],
  ['closes after GRUB', 4, 6, on, 'disconnect 6'],
  ['closes before it was connected', 2, 5, {}, 'disconnect 5'],
  ['serves on while a toolstack waits for the frontend', 5, 4, { ...on, ...off }, undefined],
  ['serves a frontend that does not want to close', 5, 4, off, 'adopt'],
  ['ends when the frontend has', 5, 6, { ...on, ...off }, 'disconnect 6'],
  ['ends when the frontend is gone', 5, undefined, { ...on, ...off }, 'disconnect 6'],
  ['comes again', 6, 1, {}, 'offer 2'],
  ['comes again only with what is behind it', 6, 1, { isReady: false }, undefined],
  ['does not come again once it is to go', 6, 1, off, undefined],
  ['stays closed', 6, 6, {}, undefined],
  ['does nothing at states of a toolstack’s own', 4, 8, on, undefined],
])('%s', (_, own, other, rest, want) => {
  const step = view(own, other, rest);
  expect(step && [step.deed, step.state].filter((each) => each !== undefined).join(' ')).toBe(want);
});

it.each([
  ['0', 0],
  ['4', 4],
  ['8', 8],
  ['9', 0],
  ['', 0],
  ['04', 0],
  ['4\n', 0],
  ['x', 0],
])('the state %j is %i', (text, state) => {
  expect(parseState(text)).toBe(state);
});

it('is over when nobody is to use it', () => {
  const all = { own: 6, other: 6, isReady: true, hasOtherKeys: false };
  expect(isOver({ ...all, isOnline: false, isConnected: false })).toBe(true);
  expect(isOver({ ...all, isOnline: true, isConnected: false })).toBe(false);
  expect(isOver({ ...all, own: 5, isOnline: false, isConnected: false })).toBe(false);
});
