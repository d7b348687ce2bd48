/** What `npm run fuzz` knows by name. */

import { kernelWorlds } from './kernel.ts';
import type { Target } from './target.ts';
import { crowdWorld } from './xenstored-crowd.ts';
import { pageWorld } from './xenstored-page.ts';
import { socketsWorld } from './xenstored-sockets.ts';
import { storeWorld } from './xenstored-store.ts';

export const xenstored: Target = {
  worlds: { store: storeWorld, sockets: socketsWorld, page: pageWorld, crowd: crowdWorld },
  cases: 200,
};

/** Kernel code as programs of this machine, under the sanitizers. */
export const kernel: Target = { worlds: kernelWorlds, cases: 20 };

export const TARGETS: Readonly<Record<string, Target>> = { kernel, xenstored };
