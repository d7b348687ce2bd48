/** Random sessions give the same replies and events on our store and on C xenstored 4.17. */

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Peer } from '../peers/xenstored.ts';
import { startPeer } from '../peers/xenstored.ts';
import { createOurs } from './ours.ts';
import { runSession } from './session.ts';
import { createTheirs } from './theirs.ts';

const SOCKETS = 2;
const SESSIONS = Number(process.env.CONFORMANCE_SESSIONS ?? 6);
const STEPS = Number(process.env.CONFORMANCE_STEPS ?? 400);
const FIRST_SEED = Number(process.env.CONFORMANCE_SEED ?? 1);

let peer: Peer;
beforeEach(async () => {
  peer = await startPeer('c');
});
afterEach(() => peer.stop());

describe('a random session', () => {
  const seeds = Array.from({ length: SESSIONS }, (_, i) => FIRST_SEED + i);
  it.each(seeds.flatMap((seed) => [[seed, 'default'] as const, [seed, 'small'] as const]))(
    'is the same on both, seed %d, %s quotas',
    async (seed, quotas) => {
      const ours = createOurs(SOCKETS, { conflicts: 'node' });
      const theirs = createTheirs(peer, SOCKETS);
      const difference = await runSession(seed, STEPS, ours, theirs, SOCKETS, { quotas });
      await theirs.stop();
      expect(difference).toBeUndefined();
    },
  );
});
