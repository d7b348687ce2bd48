/**
 * The back end's half of the handshake, as data: what it does next, by what both ends' nodes say
 * (the diagrams of io/blkif.h and io/netif.h @ RELEASE-4.17.0, and frontends as they are).
 *
 * A frontend is met where it stands, for a step of its may pass unseen. Never are states 3, 7 and 8
 * written, since Windows's vif asserts that there are none, and 6 only to a frontend that has
 * closed or gone, since NetBSD panics otherwise.
 */

import {
  XenbusStateClosed as CLOSED,
  XenbusStateClosing as CLOSING,
  XenbusStateConnected as CONNECTED,
  XenbusStateInitWait as INIT_WAIT,
  XenbusStateInitialised as INITIALISED,
  XenbusStateInitialising as INITIALISING,
} from '../abi/xenbus.ts';
import type { State, Told } from './states.ts';

export interface BackView {
  /** What our own node says; a predecessor of ours, or a toolstack, may have written it. */
  readonly own: Told;
  /** What the frontend's says. */
  readonly other: Told;
  /** The device is to stay: `online` is 1. */
  readonly isOnline: boolean;
  /** What is behind the device is there. */
  readonly isReady: boolean;
  /** We serve its rings. */
  readonly isConnected: boolean;
  /** The frontend's keys are others than those that we serve. */
  readonly hasOtherKeys: boolean;
}

/** What is done before `state` is written. */
export type BackDeed =
  /** Serves no more, and publishes what the device is and can do. */
  | 'offer'
  /** Reads the frontend's keys and serves its rings from their start. */
  | 'connect'
  /** From where a predecessor has left them, if they are the same rings. */
  | 'adopt'
  /** Serves no more. What is under way is finished first. */
  | 'disconnect';

export interface BackStep {
  readonly deed: BackDeed;
  /** What our node says afterwards; undefined: what it says now. */
  readonly state: State | undefined;
}

interface Row {
  readonly own: State;
  /** The frontend's state or that it is not there; any if not given. */
  readonly other?: readonly Told[];
  readonly when?: (view: BackView) => boolean;
  readonly step: BackStep;
}

const GONE = undefined;
/** The frontend begins, and does not serve itself of rings. */
const BEGINS: readonly Told[] = [INITIALISING, INIT_WAIT];
/** Its rings are there: Mirage's and network frontends go from 2 to 4, GRUB's stays at 3. */
const HAS_RINGS: readonly Told[] = [INITIALISED, CONNECTED];

const isNew = (view: BackView): boolean => !view.isConnected && view.isReady;
const isReady = (view: BackView): boolean => view.isReady;
const mayComeAgain = (view: BackView): boolean => view.isOnline && view.isReady;

const OFFER: BackStep = { deed: 'offer', state: INIT_WAIT };
const CONNECT: BackStep = { deed: 'connect', state: CONNECTED };
const ADOPT: BackStep = { deed: 'adopt', state: CONNECTED };
/** Its toolstack wants it to close, and it does not yet, or never. */
const ADOPT_AS_IT_IS: BackStep = { deed: 'adopt', state: undefined };
const DISCONNECT: BackStep = { deed: 'disconnect', state: undefined };
const TO_CLOSING: BackStep = { deed: 'disconnect', state: CLOSING };
const TO_CLOSED: BackStep = { deed: 'disconnect', state: CLOSED };

/** The first that fits counts; none: there is nothing to do until a node changes. */
const ROWS: readonly Row[] = [
  { own: INITIALISING, when: isReady, step: OFFER },

  { own: INIT_WAIT, other: HAS_RINGS, when: isReady, step: CONNECT },
  { own: INIT_WAIT, other: [CLOSING], step: TO_CLOSING },
  { own: INIT_WAIT, other: [CLOSED], step: TO_CLOSED },

  { own: CONNECTED, other: HAS_RINGS, when: isNew, step: ADOPT },
  // That it closed went unseen, or a kernel began without it.
  { own: CONNECTED, other: HAS_RINGS, when: ({ hasOtherKeys }) => hasOtherKeys, step: OFFER },
  { own: CONNECTED, other: BEGINS, when: isReady, step: OFFER },
  { own: CONNECTED, other: [CLOSING], step: TO_CLOSING },
  { own: CONNECTED, other: [CLOSED], step: TO_CLOSED },
  { own: CONNECTED, other: [GONE], when: ({ isConnected }) => isConnected, step: DISCONNECT },

  // The frontend has begun it, or a toolstack has, which wrote this into our node.
  { own: CLOSING, other: HAS_RINGS, when: isNew, step: ADOPT_AS_IT_IS },
  { own: CLOSING, other: [CLOSING], when: ({ isConnected }) => isConnected, step: DISCONNECT },
  { own: CLOSING, other: BEGINS, when: mayComeAgain, step: OFFER },
  { own: CLOSING, other: [CLOSED, GONE], step: TO_CLOSED },
  { own: CLOSING, other: BEGINS, when: (view) => !view.isOnline, step: TO_CLOSED },

  // It comes again: Windows's at each start, Linux's after GRUB's.
  { own: CLOSED, other: [...BEGINS, ...HAS_RINGS], when: mayComeAgain, step: OFFER },
];

const STATES: readonly Told[] = [INITIALISING, INIT_WAIT, CONNECTED, CLOSING, CLOSED];

/** What to do now. */
export function nextBackStep(view: BackView): BackStep | undefined {
  // A state that no back end is in is where nothing has begun.
  const own = STATES.includes(view.own) ? view.own : INITIALISING;
  return ROWS.find(
    (row) =>
      row.own === own && (row.other?.includes(view.other) ?? true) && (row.when?.(view) ?? true),
  )?.step;
}

/** Whether the device's directories may go: nobody uses it, and nobody is to. */
export function isOver({ own, isOnline, isConnected }: BackView): boolean {
  return own === CLOSED && !isOnline && !isConnected;
}
