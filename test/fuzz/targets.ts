/** What `npm run fuzz` knows by name. */

import { hostileWorld } from './blkback-hostile.ts';
import { deathsWorld, journalWorld } from './blkback-ring.ts';
import { kernelWorlds } from './kernel.ts';
import { dhcpWorld } from './net-dhcp.ts';
import { framesWorld } from './net-frames.ts';
import { rulesWorld } from './net-rules.ts';
import { netDeathsWorld, netHostileWorld } from './netback.ts';
import { messagesWorld, valuesWorld } from './rpc.ts';
import type { Target } from './target.ts';
import { pageWorld as vchanPageWorld } from './vchan.ts';
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

/** A case is a request: answered once, whatever becomes of the backend. */
export const blkbackRing: Target = {
  worlds: {
    deaths: deathsWorld,
    journal: journalWorld({ adopted: 0, refused: 0 }),
    hostile: hostileWorld,
  },
  cases: 1000,
};

/** A case is a frame or a request of an honest guest, or a slot of a hostile one. */
export const netback: Target = {
  worlds: { deaths: netDeathsWorld, hostile: netHostileWorld },
  cases: 500,
};

/** A case is a frame into a network, a text of rules, or a message of DHCP. */
export const net: Target = {
  worlds: { frames: framesWorld, rules: rulesWorld, dhcp: dhcpWorld },
  cases: 1000,
};

/** A case is a message, or a value. */
export const rpc: Target = { worlds: { messages: messagesWorld, values: valuesWorld }, cases: 300 };

/** A case is a read or a write of an end whose other end is hostile. */
export const vchan: Target = { worlds: { page: vchanPageWorld }, cases: 1000 };

export const TARGETS: Readonly<Record<string, Target>> = {
  'blkback-ring': blkbackRing,
  kernel,
  net,
  netback,
  rpc,
  vchan,
  xenstored,
};
