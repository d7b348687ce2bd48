/**
 * The front end's half of a network device's handshake, as data (io/netif.h @ RELEASE-4.17.0;
 * frontend_changed in xenbus.c of xen-netback @ v6.12). It differs from a disk's: with its keys the
 * front end goes straight to Connected, at which the back end looks at them, and follows.
 *
 * A back end that is found connected serves somebody before us, and is asked to close first. To
 * one that begins anew we begin anew, too: it must not meet rings that are not at their start.
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

export interface VifFrontView {
  /** What our own node says. */
  readonly own: Told;
  readonly other: Told;
  /** The device is to stay: `online` of the back end is 1. */
  readonly isOnline: boolean;
  /** Our rings are those that our keys name. */
  readonly isOffered: boolean;
  /** And are used. */
  readonly isUsed: boolean;
  /** The back end has lied about them. */
  readonly isLying: boolean;
}

/** What is done before `state` is written. */
export type VifFrontDeed =
  /** Makes new rings and writes their keys. */
  | 'offer'
  /** Reads what the back end takes, and uses the rings. */
  | 'connect'
  /** Uses the rings no more. */
  | 'disconnect'
  | 'nothing';

export interface VifFrontStep {
  readonly deed: VifFrontDeed;
  /** What our node says afterwards; undefined: what it says now. */
  readonly state: State | undefined;
}

interface Row {
  readonly own: readonly State[];
  readonly other: readonly Told[];
  readonly when?: (view: VifFrontView) => boolean;
  readonly step: VifFrontStep;
}

const CLOSE: VifFrontStep = { deed: 'disconnect', state: CLOSING };
const END: VifFrontStep = { deed: 'disconnect', state: CLOSED };
/** Our node tells of rings that a domain before us had. */
const isStale = ({ isOffered }: VifFrontView): boolean => !isOffered;

/** The first that fits counts; none: there is nothing to do until a node changes. */
const ROWS: readonly Row[] = [
  { own: [INITIALISING], other: [INIT_WAIT], step: { deed: 'offer', state: CONNECTED } },
  { own: [INITIALISING], other: [CONNECTED, CLOSING], step: CLOSE },
  { own: [CONNECTED], other: [CONNECTED], when: ({ isLying }) => isLying, step: CLOSE },
  { own: [INITIALISED, CONNECTED], other: [INIT_WAIT, CONNECTED], when: isStale, step: CLOSE },
  {
    own: [CONNECTED],
    other: [CONNECTED],
    when: ({ isUsed }) => !isUsed,
    step: { deed: 'connect', state: undefined },
  },
  {
    own: [CONNECTED],
    other: [INIT_WAIT],
    when: ({ isUsed }) => isUsed,
    step: { deed: 'disconnect', state: INITIALISING },
  },
  { own: [INITIALISED, CONNECTED, CLOSING], other: [CLOSING, CLOSED], step: END },
  {
    own: [CLOSED],
    other: [CLOSED, INIT_WAIT],
    when: ({ isOnline }) => isOnline,
    step: { deed: 'nothing', state: INITIALISING },
  },
];

/** What to do now. */
export function nextVifFrontStep(view: VifFrontView): VifFrontStep | undefined {
  const { own, other } = view;
  return ROWS.find(
    (row) =>
      row.own.some((state) => state === own) &&
      row.other.includes(other) &&
      (row.when?.(view) ?? true),
  )?.step;
}
