/** Large changes, many watches, and nobody who reads: what one request may cost is bounded. */

import { ok } from 'node:assert/strict';
import { EVENTS_PER_CHANGE } from '../../services/xenstored/core/limits.ts';
import { runCrowd } from './crowd.ts';
import type { World } from './target.ts';

/** One change is many requests: that many cases of others make one of this. */
const CASES_A_CHANGE = 20;

export const crowdWorld: World = async (seed, cases, done) => {
  const host = { nowMs: () => 0, usedBytes: () => undefined };
  const changes = Math.ceil(cases / CASES_A_CHANGE);
  const { mostEvents } = runCrowd(host, seed, changes, () => {});
  ok(mostEvents <= EVENTS_PER_CHANGE, `${mostEvents} events of one request`);
  for (let i = 0; i < cases; i++) done();
};
