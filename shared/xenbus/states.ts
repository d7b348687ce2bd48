/** States of a device's end as the machines see them. */

import {
  type XenbusStateClosed,
  type XenbusStateClosing,
  type XenbusStateConnected,
  type XenbusStateInitialised,
  type XenbusStateInitialising,
  type XenbusStateInitWait,
  XenbusStateReconfigured,
} from '../abi/xenbus.ts';

/** The states that our ends are in. */
export type State =
  | typeof XenbusStateInitialising
  | typeof XenbusStateInitWait
  | typeof XenbusStateInitialised
  | typeof XenbusStateConnected
  | typeof XenbusStateClosing
  | typeof XenbusStateClosed;

/** What the other end's node says, 0 for what is no state; undefined: it is not there. */
export type Told = number | undefined;

/** As a `state` node has it: decimal digits, as all ends write them. */
export function parseState(text: string): number {
  const value = /^[0-9]$/.test(text) ? Number(text) : 0;
  return value > XenbusStateReconfigured ? 0 : value;
}
