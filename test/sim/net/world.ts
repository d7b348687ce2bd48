/** A network backend's core, guests and what is behind them, in memory. */

import { type Identity, identityWords } from '../../../drivers/netback/core/identity.ts';
import { JOURNAL_PAGES } from '../../../drivers/netback/core/journal.ts';
import { COPIES_MAX, WAITING_PAGES } from '../../../drivers/netback/core/limits.ts';
import { openNewVif, openServedVif, type VifParts } from '../../../drivers/netback/core/open.ts';
import { turn } from '../../../drivers/netback/core/turn.ts';
import {
  type Behind,
  createRoom,
  type Features,
  type Room,
  type Vif,
} from '../../../drivers/netback/core/vif.ts';
import { assert } from '../../../shared/core/assert.ts';
import { type Domid, domid, type Port, port } from '../../../shared/core/ids.ts';
import type { Region } from '../../../shared/platform/region.ts';
import { startTally } from '../../../shared/telemetry/counter-page.ts';
import {
  NET_FORM,
  type NetCounters,
  readNetCounters,
} from '../../../shared/telemetry/net-counters.ts';
import { createGuest, type NetGuest, regionOf } from './guest.ts';
import { createFakeBatch, type GuestPages } from './pages.ts';

/** As Linux's frontend. */
export const ALL: Features = {
  ...{ sg: true, gso4: true, gso6: true, checksum4: true, checksum6: true },
  ...{ rxNotify: true, headroom: 0 },
};
/** A frontend of the least ability. */
export const NOTHING: Features = {
  ...{ sg: false, gso4: false, gso6: false, checksum4: false, checksum6: false },
  ...{ rxNotify: false, headroom: 0 },
};

export interface Host {
  readonly guests: GuestPages;
  room: Room;
  nowMs: number;
  /** Ports that were notified. */
  readonly notified: Port[];
}

export function createHost(): Host {
  const guests: GuestPages = new Map();
  const notified: Port[] = [];
  const host = { guests, notified, nowMs: 0 };
  return Object.assign(host, { room: roomOf(host) });
}

/** Nothing of a turn stays in them: all rooms have the same, with whatever is in them. */
const used = new Map<number, Region>();
function usedPages(count: number): Region {
  const known = used.get(count) ?? regionOf(count);
  used.set(count, known);
  return known;
}

function roomOf({ guests, notified }: Pick<Host, 'guests' | 'notified'>): Room {
  return createRoom({
    batch: createFakeBatch(guests, COPIES_MAX),
    events: { notify: (port) => void notified.push(port) },
    pages: usedPages,
  });
}

/** What a process had is gone. */
export function newProcess(host: Host): void {
  host.room = roomOf(host);
}

export interface Served {
  readonly host: Host;
  readonly guest: NetGuest;
  readonly domid: Domid;
  readonly journal: Region;
  readonly stats: Region;
  readonly options: ServedOptions;
  vif: Vif;
  readonly reports: string[];
  readonly broken: string[];
  /** It has asked for a turn. */
  isAwake: boolean;
}

export interface ServedOptions {
  readonly behind: Behind;
  readonly queues?: number;
  readonly can?: Partial<Features>;
  readonly isFiltering?: boolean;
  readonly isSplit?: boolean;
}

const identityOf = ({ domid, guest }: Served): Identity => ({
  ...{ domid, uniqueId: 7n, device: 0, controlRef: 3, controlPort: 99 },
  queues: guest.queues.map((_, i) => ({
    ...{ sendRef: 2 * i, receiveRef: 2 * i + 1, sendPort: 1 + i, receivePort: 1 + i },
  })),
});

function partsOf(served: Served): VifParts {
  const { host, guest, domid, journal, stats, options, reports, broken } = served;
  const { behind, can, isFiltering = false, isSplit = false } = options;
  assert(host.guests.get(domid) === guest.pages, 'whose pages');
  return {
    ...{ domid, behind, journal, can: { ...ALL, ...can }, isFiltering },
    tally: startTally(NET_FORM, stats, { domid, uniqueId: 7n, device: 0 }),
    waitingMemory: () => regionOf(WAITING_PAGES),
    report: (what) => void reports.push(what),
    broken: (why) => void broken.push(why),
    wake: () => {
      served.isAwake = true;
    },
    queues: guest.queues.map(({ send, receive }, i) => ({
      ...{ send: send.region, receive: receive.region, sendPort: port(1 + i) },
      receivePort: port(isSplit ? 51 + i : 1 + i),
    })),
    control: { region: guest.control.region, port: port(99) },
  };
}

let nextDomid = 1;

export function serve(host: Host, options: ServedOptions): Served {
  const guest = createGuest(options.queues);
  const id = domid(nextDomid++);
  host.guests.set(id, guest.pages);
  const served = {
    ...{ host, guest, domid: id, journal: regionOf(JOURNAL_PAGES), stats: regionOf(1), options },
    ...{ reports: [] as string[], broken: [] as string[], isAwake: false },
  };
  const whole = served as typeof served & Pick<Served, 'vif'>;
  whole.vif = openNewVif(partsOf(whole), identityOf(whole));
  return whole;
}

/** The next backend of it, which finds what the last one left; why it cannot, if so. */
export function takeOver(served: Served): string | undefined {
  const opened = openServedVif(partsOf(served), identityOf(served));
  if (typeof opened === 'string') return opened;
  served.vif = opened;
  return undefined;
}

/** That it is nobody's. */
export const journalWords = (served: Served): readonly number[] =>
  identityWords(identityOf(served));

/** One turn; whether there is more. */
export function step(served: Served): boolean {
  served.isAwake = false;
  return turn(served.host.room, served.vif, served.host.nowMs) || served.isAwake;
}

/** Turns of all until nobody wants one. */
export function run(...all: readonly Served[]): void {
  for (let rounds = 0; all.map(step).includes(true); rounds++) {
    assert(rounds < 10_000, 'turns without an end');
  }
}

export function counts({ stats }: Served): NetCounters['counts'] {
  const read = readNetCounters(stats);
  assert(read.ok, 'no counters');
  return read.value.counts;
}
