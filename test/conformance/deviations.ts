/**
 * Where our store answers otherwise than C xenstored 4.17.7, and why. A session accepts these and
 * nothing else; deviations.test.ts shows each on both.
 */

import * as xs from '../../shared/abi/xs-wire.ts';
import type { Reply } from './subject.ts';

export interface Exchange {
  readonly type: number;
  readonly payload: string;
  readonly ours: Reply;
  readonly theirs: Reply;
}

export interface Deviation {
  readonly name: string;
  readonly why: string;
  /** Whether the two replies differ for this reason. */
  covers(exchange: Exchange): boolean;
}

const isError = ({ type }: Reply): boolean => type === xs.XS_ERROR;

export const DEVIATIONS: readonly Deviation[] = [
  {
    name: 'special-perms-error',
    why: 'C fails SET_PERMS of a special name with whatever errno an earlier call left; ours says why',
    covers: ({ type, payload, ours, theirs }) =>
      type === xs.XS_SET_PERMS && payload.startsWith('@') && isError(ours) && isError(theirs),
  },
  {
    name: 'transaction-memory',
    why: 'C charges the nodes of an open transaction with a number of its own in front of each path',
    covers: ({ type, payload, ours, theirs }) =>
      type === xs.XS_CONTROL &&
      payload.startsWith('quota\0') &&
      !/transactions +: +0/.test(ours.payload) &&
      ours.payload.replace(/memory.*/, '') === theirs.payload.replace(/memory.*/, ''),
  },
];

export function deviationOf(exchange: Exchange): Deviation | undefined {
  return DEVIATIONS.find((deviation) => deviation.covers(exchange));
}
