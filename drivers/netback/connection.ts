/** A vif that is served: its rings mapped, its ports bound, and its turns taken. */

import { disown } from '../../shared/backend/claim.ts';
import type { Served } from '../../shared/backend/device.ts';
import { type Domid, gref, type Port, port } from '../../shared/core/ids.ts';
import { fail, ok, type Result } from '../../shared/core/result.ts';
import type { Clock } from '../../shared/platform/clock.ts';
import type { Events } from '../../shared/platform/events.ts';
import type { Grants } from '../../shared/platform/grants.ts';
import type { Region } from '../../shared/platform/region.ts';
import { count, startTally } from '../../shared/telemetry/counter-page.ts';
import { EVENTS_RECEIVED, NET_FORM } from '../../shared/telemetry/net-counters.ts';
import type { Identity } from './core/identity.ts';
import { LOOK_MS } from './core/limits.ts';
import { openNewVif, openServedVif, type QueueParts, type VifParts } from './core/open.ts';
import { createShaping } from './core/shaping.ts';
import { turn } from './core/turn.ts';
import type { Behind, Room, Vif } from './core/vif.ts';
import type { FrontKeys } from './keys.ts';

export interface ConnectionHost {
  readonly events: Events;
  readonly grants: Pick<Grants, 'map' | 'unmap'>;
  readonly clock: Clock;
  /** What all vifs work with. */
  readonly room: Room;
  /** Memory for frames of one queue that wait; undefined: there is none. */
  waitingMemory(): Region | undefined;
  /** It is not needed any more. */
  freeMemory(region: Region): void;
  /** Calls `run` once, when all have had their turn who want one now (shared/backend/turns.ts). */
  soon(run: () => void): void;
}

export interface ConnectionOptions {
  readonly domid: Domid;
  readonly uniqueId: bigint;
  readonly device: number;
  readonly behind: Behind;
  readonly isFiltering: boolean;
  /** Bytes a second that the guest may send; 0: as many as it can. */
  readonly rate: number;
  readonly report: (what: string) => void;
  readonly broken: (why: string) => void;
}

export interface Connection extends Served<FrontKeys> {
  readonly vif: Vif;
  /** Bytes a second that the guest may send; 0: as many as it can. From a full bucket, if new. */
  setRate(bytes: number): void;
}

/** What is mapped and bound, in the order in which it was. */
interface Held {
  readonly regions: Region[];
  /** Ours, by those of the frontend's. */
  readonly ports: Map<number, Port>;
}

function letGo({ events, grants }: ConnectionHost, { regions, ports }: Held): void {
  for (const each of ports.values()) events.close(each);
  for (const region of regions) grants.unmap(region);
}

/**
 * Binds a frontend's port, once. A predecessor that serves it still has it, so that the bound port
 * says that nobody else writes to its rings (event_channel.c @ RELEASE-4.17.0).
 */
function bind(host: ConnectionHost, held: Held, of: Domid, number: number): Result<Port> {
  const known = held.ports.get(number);
  if (known !== undefined) return ok(known);
  const bound = host.events.bindInterdomain(of, port(number));
  if (bound.ok) held.ports.set(number, bound.value);
  return bound;
}

function map(host: ConnectionHost, held: Held, of: Domid, ref: number): Result<Region> {
  const mapped = host.grants.map(of, [gref(ref)], 'rw');
  if (mapped.ok) held.regions.push(mapped.value);
  return mapped;
}

type Rings = Pick<VifParts, 'queues' | 'control'>;

/** First all ports, then all pages. */
function hold(host: ConnectionHost, of: Domid, keys: FrontKeys, held: Held): Result<Rings> {
  const numbers = keys.queues.flatMap(({ sendPort, receivePort }) => [sendPort, receivePort]);
  if (keys.control !== undefined) numbers.push(keys.control.port);
  for (const number of numbers) {
    const bound = bind(host, held, of, number);
    if (!bound.ok) return bound;
  }
  const queues: QueueParts[] = [];
  for (const { sendRef, receiveRef, sendPort, receivePort } of keys.queues) {
    const send = map(host, held, of, sendRef);
    if (!send.ok) return send;
    const receive = map(host, held, of, receiveRef);
    if (!receive.ok) return receive;
    queues.push({
      ...{ send: send.value, receive: receive.value },
      sendPort: held.ports.get(sendPort) as Port,
      receivePort: held.ports.get(receivePort) as Port,
    });
  }
  const { control } = keys;
  if (control === undefined) return ok({ queues, control });
  const region = map(host, held, of, control.ref);
  if (!region.ok) return region;
  return ok({
    queues,
    control: { region: region.value, port: held.ports.get(control.port) as Port },
  });
}

function identityOf({ domid, uniqueId, device }: ConnectionOptions, keys: FrontKeys): Identity {
  const { queues, control = { ref: 0, port: 0 } } = keys;
  return {
    ...{ domid, uniqueId, device, queues },
    ...{ controlRef: control.ref, controlPort: control.port },
  };
}

/**
 * Serves the frontend's rings; `kept` is the journal and the page of counters, as the last who had
 * them left them. EINVAL: its references or ports are not what they say; EPROTO: nor its rings.
 */
export function connect(
  host: ConnectionHost,
  options: ConnectionOptions,
  keys: FrontKeys,
  isAdopted: boolean,
  [journal, stats]: readonly [Region, Region],
): Result<Connection> {
  const { domid, device, uniqueId, behind, isFiltering, report, broken } = options;
  const rate = createShaping(options.rate, host.clock.nowMs());
  const held: Held = { regions: [], ports: new Map() };
  const rings = hold(host, domid, keys, held);
  if (!rings.ok) {
    letGo(host, held);
    return rings;
  }
  let wake = (): void => {};
  const memory: Region[] = [];
  const parts: VifParts = {
    ...rings.value,
    ...{ domid, behind, journal, can: keys.can, isFiltering, report, broken, rate },
    tally: startTally(NET_FORM, stats, { domid, uniqueId, device }),
    waitingMemory: () => {
      const region = host.waitingMemory();
      if (region !== undefined) memory.push(region);
      return region;
    },
    wake: () => wake(),
  };
  const identity = identityOf(options, keys);
  const vif = isAdopted ? openServedVif(parts, identity) : openNewVif(parts, identity);
  if (typeof vif === 'string') {
    letGo(host, held);
    return fail('EPROTO', vif);
  }
  const turns = takeTurns(host, vif, held);
  wake = turns.wake;
  wake();
  let rateNow = options.rate;
  return ok({
    vif,
    setRate: (bytes) => {
      if (bytes === rateNow) return;
      rateNow = bytes;
      vif.rate = createShaping(bytes, host.clock.nowMs());
      wake();
    },
    serves: (other) => sameRings(other, keys),
    close: async () => {
      vif.isClosed = true;
      turns.end();
      disown(journal);
      letGo(host, held);
      for (const region of memory) host.freeMemory(region);
    },
  });
}

const sameRings = (a: FrontKeys, b: FrontKeys): boolean =>
  JSON.stringify([a.queues, a.control]) === JSON.stringify([b.queues, b.control]);

/** Turns whenever somebody has something for it; one is planned at a time. */
function takeTurns({ events, clock, room, soon }: ConnectionHost, vif: Vif, { ports }: Held) {
  const heard: Port[] = [];
  let isPlanned = false;
  let cancel: (() => void) | undefined;
  let cancelHeld: (() => void) | undefined;
  const wake = (): void => {
    if (isPlanned) return;
    isPlanned = true;
    soon(take);
  };
  const take = (): void => {
    isPlanned = false;
    // Its memory is nobody's any more.
    if (vif.isClosed) return;
    if (turn(room, vif, clock.nowMs())) wake();
    // Nobody listens to it any more.
    if (vif.isBroken) return;
    // Now a port may tell again: whoever tells all the time gets a turn of many.
    for (let each = heard.pop(); each !== undefined; each = heard.pop()) events.unmask(each);
    if (vif.heldMs > 0) {
      cancelHeld?.();
      cancelHeld = clock.after(vif.heldMs, wake);
    }
    if (!vif.isStarved || vif.can.rxNotify || cancel !== undefined) return;
    // Its frontend does not tell of new buffers.
    cancel = clock.after(LOOK_MS, () => {
      cancel = undefined;
      wake();
    });
  };
  for (const each of ports.values()) {
    events.listen(each, () => {
      count(vif.tally, EVENTS_RECEIVED);
      heard.push(each);
      wake();
    });
    // Whoever was here before may have died between an answer and its event.
    events.notify(each);
  }
  const end = (): void => {
    cancel?.();
    cancelHeld?.();
  };
  return { wake, end };
}
