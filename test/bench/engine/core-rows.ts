/** Requests to the store's core, without a ring. */

import type { Connection } from '../../../services/xenstored/core/connection.ts';
import { consumeOutput } from '../../../services/xenstored/core/output.ts';
import type { CreatePathCache } from '../../../services/xenstored/core/path-cache.ts';
import { createStore } from '../../../services/xenstored/core/store.ts';
import { frontSize } from '../../../services/xenstored/core/unread.ts';
import { createSimpleHost } from '../../../services/xenstored/simple-host.ts';
import {
  XS_MKDIR,
  XS_READ,
  XS_SET_PERMS,
  XS_WATCH,
  XS_WRITE,
} from '../../../shared/abi/xs-wire.ts';
import { toLatin1 } from '../../../shared/core/text.ts';

const NODES = 500;
const REPLIES_A_DRAIN = 16;
const GUEST = 1;
const HOME = `/local/domain/${GUEST}`;

export const PATHS: readonly string[] = Array.from(
  { length: NODES },
  (_, i) => `${HOME}/device/vif/${i % 50}/n${i}`,
);

export interface World {
  readonly dom0: Connection;
  readonly guest: Connection;
  ask(by: Connection, type: number, payload: Uint8Array): void;
}

export function drain({ output }: Connection): void {
  while (output.size > 0) consumeOutput(output, frontSize(output));
}

/** dom0 gives the guest its home, and the guest writes all nodes below it. */
export function fill({ dom0, guest, ask }: World): void {
  ask(dom0, XS_MKDIR, toLatin1(`${HOME}\0`));
  ask(dom0, XS_SET_PERMS, toLatin1(`${HOME}\0n${GUEST}\0`));
  drain(dom0);
  for (const path of PATHS) {
    ask(guest, XS_WRITE, toLatin1(`${path}\0value`));
    drain(guest);
  }
}

function createWorld(createPaths: CreatePathCache | undefined): World {
  const simple = createSimpleHost([GUEST]);
  simple.domains.add(GUEST);
  const store = createStore({ host: simple, ...(createPaths && { createPaths }) });
  const { dom0 } = store;
  ask(store)(dom0, XS_MKDIR, toLatin1('/local/domain\0'));
  return { dom0, guest: store.introduce(GUEST), ask: ask(store) };
}

const ask =
  (store: ReturnType<typeof createStore>): World['ask'] =>
  (by, type, payload) =>
    store.handle(by, type, 7, 0, payload, 0, payload.length);

/** Asks again and again, one payload after the other; what is to be read is read after a while. */
function again(
  { ask }: World,
  by: Connection,
  readers: readonly Connection[],
  type: number,
  payloads: readonly Uint8Array[],
): (requests: number) => void {
  return (requests) => {
    for (let i = 0; i < requests; i++) {
      ask(by, type, payloads[i % NODES] as Uint8Array);
      if (i % REPLIES_A_DRAIN === REPLIES_A_DRAIN - 1) readers.forEach(drain);
    }
    readers.forEach(drain);
  };
}

export function coreRows(
  createPaths: CreatePathCache | undefined,
): Readonly<Record<string, (requests: number) => void>> {
  const world = createWorld(createPaths);
  fill(world);
  const { dom0, guest } = world;
  const reads = PATHS.map((path) => toLatin1(`${path}\0`));
  const writes = PATHS.map((path, i) => toLatin1(`${path}\0value ${i}`));
  return {
    'read-core': again(world, guest, [guest], XS_READ, reads),
    'write-core': again(world, guest, [guest], XS_WRITE, writes),
    // What a tool writes, the guest is told of.
    'watch-core': (requests) => {
      world.ask(guest, XS_WATCH, toLatin1('device\0token\0'));
      again(world, dom0, [dom0, guest], XS_WRITE, writes)(requests);
    },
  };
}
