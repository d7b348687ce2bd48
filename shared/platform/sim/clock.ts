/** The port Clock of a simulated domain: a domain that does not run has no timers. */

import type { Clock } from '../clock.ts';
import { type SimDomain, whenRunning } from './domain.ts';
import type { World } from './world.ts';

/** 2026-01-01 UTC: when every simulation begins. */
const START_MS = Date.UTC(2026, 0);

export function clock(world: World, domain: SimDomain): Clock {
  const nowMs = () => world.schedule.nowNs() / 1e6;
  const after = (ms: number, then: () => void): (() => void) => {
    let due = true;
    domain.timers++;
    const end = (): boolean => {
      if (!due) return false;
      due = false;
      domain.timers--;
      return true;
    };
    const happen = (): void => {
      if (!end()) return;
      world.views.sync();
      then();
    };
    let cancel = world.schedule.after(Math.max(0, ms) * 1e6, () => {
      cancel = whenRunning(domain, happen);
    });
    return () => {
      if (end()) cancel();
    };
  };
  return {
    nowMs,
    wallMs: () => START_MS + nowMs(),
    after,
    sleep: (ms) =>
      new Promise((resolve) => {
        after(ms, resolve);
      }),
  };
}
