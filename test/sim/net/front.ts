/** A guest's end of a vif on the simulated host: its nodes and rings, as frontends have them. */

import { DOM0, type Domid, type Port } from '../../../shared/core/ids.ts';
import { must } from '../../../shared/core/result.ts';
import type { Offer } from '../../../shared/platform/grants.ts';
import type { Platform } from '../../../shared/platform/platform.ts';
import type { Region } from '../../../shared/platform/region.ts';
import type { XenstoreClient } from '../../../shared/xenstore/client.ts';
import { createGuest, type GuestQueue, type NetGuest } from './guest.ts';
import type { Pages } from './pages.ts';

export interface FrontOptions {
  readonly queues?: number;
  readonly hasControl?: boolean;
  readonly isSplit?: boolean;
  /** Nodes beside those of its rings. */
  readonly features?: Readonly<Record<string, string>>;
}

/** As xen-netfront.c @ v6.12 writes them. */
export const LINUX: Readonly<Record<string, string>> = {
  'request-rx-copy': '1',
  'feature-rx-notify': '1',
  'feature-sg': '1',
  'feature-gso-tcpv4': '1',
  'feature-gso-tcpv6': '1',
  'feature-ipv6-csum-offload': '1',
};

export interface Front {
  readonly guest: NetGuest;
  /** By queue: of what it sends, and of its buffers. */
  readonly ports: readonly (readonly [Port, Port])[];
  readonly controlPort: Port;
  /** What its nodes say of its rings, names to values. */
  readonly keys: Readonly<Record<string, string>>;
  setState(state: number): Promise<void>;
  /** Writes its keys and these, and then the state. */
  offer(state: number, more?: Readonly<Record<string, string>>): Promise<void>;
  write(name: string, value: string): Promise<void>;
  remove(name: string): Promise<void>;
  /** An event to the backend, of one of its queues. */
  kick(queue?: number): void;
}

function keysOf(
  guest: NetGuest,
  refs: ReadonlyMap<Region, number>,
  ports: Front['ports'],
  controlPort: Port,
  { hasControl = false, isSplit = false, features = LINUX }: FrontOptions,
): Record<string, string> {
  const keys: Record<string, string> = { ...features };
  const many = guest.queues.length > 1;
  if (many) keys['multi-queue-num-queues'] = String(guest.queues.length);
  for (const [i, { send, receive }] of guest.queues.entries()) {
    const at = many ? `queue-${i}/` : '';
    const [tx, rx] = ports[i] as readonly [Port, Port];
    keys[`${at}tx-ring-ref`] = String(refs.get(send.region));
    keys[`${at}rx-ring-ref`] = String(refs.get(receive.region));
    if (isSplit) {
      keys[`${at}event-channel-tx`] = String(tx);
      keys[`${at}event-channel-rx`] = String(rx);
    } else keys[`${at}event-channel`] = String(tx);
  }
  if (hasControl) {
    keys['ctrl-ring-ref'] = String(refs.get(guest.control.region));
    keys['event-channel-ctrl'] = String(controlPort);
  }
  return keys;
}

export function createFront(
  { grants, events }: Platform,
  client: XenstoreClient,
  path: string,
  options: FrontOptions = {},
  backend: Domid = DOM0,
): Front {
  const refs = new Map<Region, number>();
  const offers = new Map<number, Offer>();
  const pages: Pages = new Map();
  const offered = (): Offer => must(grants.offer(backend, 1, 'rw'));
  const guest = createGuest(
    options.queues,
    {
      ring: () => {
        const { region, grefs } = offered();
        refs.set(region, grefs[0] as number);
        return region;
      },
      grant: (bytes) => {
        const offer = offered();
        offer.region.bytes.set(bytes);
        offers.set(offer.grefs[0] as number, offer);
        pages.set(offer.grefs[0] as number, offer.region.bytes);
        return offer.grefs[0] as number;
      },
    },
    pages,
  );
  const unbound = (): Port => must(events.allocUnbound(backend));
  const ports = guest.queues.map((): readonly [Port, Port] => {
    const tx = unbound();
    return [tx, options.isSplit === true ? unbound() : tx];
  });
  const controlPort = unbound();
  const keys = keysOf(guest, refs, ports, controlPort, options);
  const write = async (name: string, value: string) =>
    void must(await client.write(`${path}/${name}`, value));
  return {
    ...{ guest, ports, controlPort, keys, write },
    setState: (state) => write('state', String(state)),
    offer: async (state, more = {}) => {
      const nodes = Object.entries({ ...keys, ...more, state: String(state) });
      must(
        await client.writeAll(nodes.map(([name, value]) => ({ path: `${path}/${name}`, value }))),
      );
    },
    remove: async (name) => void must(await client.rm(`${path}/${name}`)),
    kick: (queue = 0) => {
      for (const port of new Set(ports[queue])) events.notify(port);
    },
  };
}

export const firstQueue = ({ guest }: Front): GuestQueue => guest.queues[0] as GuestQueue;
