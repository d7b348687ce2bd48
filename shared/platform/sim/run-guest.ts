/** Domains that run: what was put off happens, and a new domain's own code starts. */

import { isRunning, type SimDomain } from './domain.ts';
import { note, type World } from './world.ts';

/** The domain may run again: what waited for that happens, in its order. */
export function resume(world: World, domain: SimDomain): void {
  if (!isRunning(domain)) return;
  for (const run of domain.postponed) world.schedule.after(0, run);
  domain.postponed.clear();
  if (domain.started) return;
  domain.started = true;
  world.schedule.after(0, () => {
    if (!isRunning(domain)) return;
    note(world, `d${domain.domid} runs`);
    world.start(domain);
  });
}
