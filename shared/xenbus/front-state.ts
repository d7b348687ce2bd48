/**
 * The front end's half of the handshake, as data (the diagrams of io/blkif.h @ RELEASE-4.17.0, and
 * back ends as they are).
 *
 * A back end that is found connected serves somebody before us: a domain of the same number that
 * died. It is asked to close first, as Windows's front end does at each start.
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

export interface FrontView {
  /** What our own node says. */
  readonly own: Told;
  readonly other: Told;
  /** The device is to stay: `online` of the back end is 1. */
  readonly isOnline: boolean;
  /** Our rings are those that our keys name. */
  readonly isOffered: boolean;
}

/** What is done before `state` is written. */
export type FrontDeed =
  /** Makes new rings and writes their keys; none are used before. */
  | 'offer'
  /** Reads what the device is, and uses the rings. */
  | 'connect'
  /** Reads it again. */
  | 'measure'
  /** Uses the rings no more. */
  | 'disconnect'
  | 'nothing';

export interface FrontStep {
  readonly deed: FrontDeed;
  /** What our node says afterwards; undefined: what it says now. */
  readonly state: State | undefined;
}

interface Row {
  readonly own: State;
  readonly other: readonly Told[];
  readonly when?: (view: FrontView) => boolean;
  readonly step: FrontStep;
}

const OFFER: FrontStep = { deed: 'offer', state: INITIALISED };
const CLOSE: FrontStep = { deed: 'disconnect', state: CLOSING };
const END: FrontStep = { deed: 'disconnect', state: CLOSED };
/** Our node tells of rings that a domain before us had. */
const isStale = ({ isOffered }: FrontView): boolean => !isOffered;

/** The first that fits counts; none: there is nothing to do until a node changes. */
const ROWS: readonly Row[] = [
  { own: INITIALISING, other: [INIT_WAIT], step: OFFER },
  { own: INITIALISING, other: [CONNECTED, CLOSING], step: CLOSE },
  { own: INITIALISED, other: [INIT_WAIT, CONNECTED], when: isStale, step: CLOSE },
  { own: INITIALISED, other: [CONNECTED], step: { deed: 'connect', state: CONNECTED } },
  { own: CONNECTED, other: [INIT_WAIT, CONNECTED], when: isStale, step: CLOSE },
  // It has begun anew.
  { own: CONNECTED, other: [INIT_WAIT], step: OFFER },
  { own: CONNECTED, other: [CONNECTED], step: { deed: 'measure', state: undefined } },
  { own: INITIALISED, other: [CLOSING, CLOSED], step: END },
  { own: CONNECTED, other: [CLOSING, CLOSED], step: END },
  { own: CLOSING, other: [CLOSING, CLOSED], step: END },
  {
    own: CLOSED,
    other: [CLOSED, INIT_WAIT],
    when: ({ isOnline }) => isOnline,
    step: { deed: 'nothing', state: INITIALISING },
  },
];

/** What to do now. */
export function nextFrontStep(view: FrontView): FrontStep | undefined {
  return ROWS.find(
    (row) => row.own === view.own && row.other.includes(view.other) && (row.when?.(view) ?? true),
  )?.step;
}
