/** A guest's end of a disk on the simulated host, as Linux's is. */

import {
  BLKIF_OP_FLUSH_DISKCACHE,
  BLKIF_OP_READ,
  BLKIF_OP_WRITE,
} from '../../../shared/abi/blkif.ts';
import { assert } from '../../../shared/core/assert.ts';
import { DOM0, type Domid, type Port } from '../../../shared/core/ids.ts';
import { must } from '../../../shared/core/result.ts';
import type { Offer } from '../../../shared/platform/grants.ts';
import type { Platform } from '../../../shared/platform/platform.ts';
import {
  createFrontRing,
  type FrontRing,
  initRing,
  nextRequest,
  publishRequests,
  takeResponses,
} from '../../../shared/ring/io-ring.ts';
import type { XenstoreClient } from '../../../shared/xenstore/client.ts';

const SLOT_BYTES = 112;

export interface Front {
  readonly ring: FrontRing;
  readonly data: Offer;
  readonly port: Port;
  /** What the state node says. */
  state(): Promise<string>;
  setState(state: number): Promise<void>;
  /** Offers the ring and says so. */
  offer(): Promise<void>;
  /** The ring as it was at first: for who comes again. */
  begin(): void;
  /** One request for the data page, and its status. */
  ask(what: 'read' | 'write' | 'flush', sector: number): Promise<number>;
  /** The same without an answer: its id. */
  put(what: 'read' | 'write' | 'flush', sector: number): number;
  /** Answers that have come, of those that `put` has asked for: ids and statuses. */
  answers(): readonly (readonly [number, number])[];
}

const OPERATION = {
  read: BLKIF_OP_READ,
  write: BLKIF_OP_WRITE,
  flush: BLKIF_OP_FLUSH_DISKCACHE,
} as const;

const ANSWERS = 32;
const answer = new Int32Array((ANSWERS * SLOT_BYTES) / 4);

export function createFront(
  { grants, events, clock }: Platform,
  client: XenstoreClient,
  path: string,
  backend: Domid = DOM0,
  ringPages = 1,
): Front {
  const shared = must(grants.offer(backend, ringPages, 'rw'));
  const data = must(grants.offer(backend, 1, 'rw'));
  const port = must(events.allocUnbound(backend));
  initRing(shared.region);
  const ring = createFrontRing(shared.region, SLOT_BYTES);
  let id = 100;
  const put = (what: keyof typeof OPERATION, sector: number): number => {
    const { words } = shared.region;
    const at = nextRequest(ring) / 4;
    const segments = what === 'flush' ? 0 : 1;
    words[at] = OPERATION[what] | (segments << 8);
    words[at + 2] = ++id;
    words[at + 3] = 0;
    words[at + 4] = sector;
    words[at + 5] = 0;
    words[at + 6] = data.grefs[0] as number;
    words[at + 7] = 7 << 8;
    if (publishRequests(ring)) events.notify(port);
    return id;
  };
  return {
    ring,
    data,
    port,
    state: async () => must(await client.readString(`${path}/state`)),
    setState: async (state) => void must(await client.write(`${path}/state`, String(state))),
    offer: async () => {
      const refs =
        ringPages === 1
          ? { 'ring-ref': shared.grefs[0] }
          : {
              'ring-page-order': Math.log2(ringPages),
              ...Object.fromEntries(shared.grefs.map((each, i) => [`ring-ref${i}`, each])),
            };
      const keys = {
        ...refs,
        'event-channel': port,
        protocol: 'x86_64-abi',
      };
      const nodes = Object.entries(keys).map(([name, value]) => ({
        ...{ path: `${path}/${name}`, value: String(value) },
      }));
      must(await client.writeAll(nodes));
    },
    begin: () => {
      initRing(shared.region);
      Object.assign(ring, { reqPut: 0, reqProd: 0, rspCons: 0 });
    },
    put,
    answers: () => {
      const count = takeResponses(ring, answer, ANSWERS);
      assert(count >= 0, 'the back end’s indices are impossible');
      return Array.from({ length: count }, (_, i) => {
        const at = (i * SLOT_BYTES) / 4;
        return [answer[at] as number, (answer[at + 2] as number) >> 16] as const;
      });
    },
    ask: async (what, sector) => {
      put(what, sector);
      while (takeResponses(ring, answer, 1) === 0) await clock.sleep(1);
      assert(answer[0] === id, `an answer to ${answer[0]}, not ${id}`);
      return (answer[2] as number) >> 16;
    },
  };
}
