/**
 * A learning switch. A frame comes with its virtio_net_hdr in memory of ours, is judged, and goes
 * on in that memory, which stays as it is until the turn ends. Pure: time comes with the calls, and
 * what a port is, an outlet knows. Nothing is made for a frame.
 */

import { assert } from '../../../shared/core/assert.ts';
import { getU16, getU32 } from '../../../shared/core/big-endian.ts';
import { fill, spend, waitMs } from '../../../shared/core/rate.ts';
import { ok, type Result } from '../../../shared/core/result.ts';
import { parseFrame } from '../../../shared/net/parse-frame.ts';
import type { Region } from '../../../shared/platform/region.ts';
import {
  COUNT_FLOODED,
  COUNT_IN,
  DROP_FLOOD,
  DROP_MALFORMED,
  DROP_NO_ROOM,
  DROP_NONE,
  DROP_RESERVED,
  DROP_SAME_PORT,
  DROP_STATIC_MAC,
  DROP_VLAN,
  DROP_WAITS,
} from './counters.ts';
import { judge } from './guard.ts';
import { PORTS_MAX, SWEPT_PER_TICK } from './limits.ts';
import {
  claimEntries,
  find,
  forgetPort,
  type MacTable,
  NOBODY,
  nextAged,
  openMacTable,
} from './mac-table.ts';
import {
  createPassing,
  INSIDE,
  type Inside,
  isMember,
  type Passing,
  pass,
  type SwitchParts,
} from './passing.ts';
import { count, createPort, isTrunkOf, type Port, type PortConfig } from './port.ts';
import { bindStations, forgetLearned, learn, type Ports } from './stations.ts';
import { TAG_BYTES, untagged } from './tags.ts';

export class Switch {
  readonly #parts: SwitchParts;
  readonly #ports: Ports = new Array(PORTS_MAX + 1).fill(undefined);
  /** Numbers of the ports that are open. */
  readonly #open = new Int16Array(PORTS_MAX + 1);
  #openCount = 0;
  readonly #macs: MacTable;
  /** The frame under way, and one that comes from inside meanwhile. */
  readonly #passing = createPassing();
  readonly #passingOut = createPassing();
  readonly #looks = { left: 0 };
  #inside: Inside | undefined;
  #nowMs: number;
  #nowS: number;

  constructor(parts: SwitchParts, nowMs: number) {
    this.#parts = parts;
    this.#nowMs = nowMs;
    this.#nowS = Math.floor(nowMs / 1000);
    this.#macs = openMacTable(parts.macs, parts.seed, parts.keptS, this.#nowS);
  }

  /**
   * EINVAL: what is said of it makes no sense. EEXIST: another port has one of its addresses.
   * ENOSPC: its stations have no room. The port INSIDE is opened with who stands there.
   */
  open(number: number, config: PortConfig, inside?: Inside): Result<void> {
    assert(number >= 0 && number <= INSIDE && !this.#ports[number], `port ${number} is open`);
    const made = createPort(config, this.#nowMs);
    if (!made.ok) return made;
    const port = made.value;
    const stations = bindStations(this.#macs, this.#ports, number, port, this.#nowS);
    if (!stations.ok) {
      forgetPort(this.#macs, port.id);
      return stations;
    }
    const bound = (port.macs?.length ?? 0) / 6;
    port.learned = claimEntries(this.#macs, port.id, number) - bound;
    this.#ports[number] = port;
    this.#open[this.#openCount++] = number;
    if (number === INSIDE) this.#inside = inside;
    return ok();
  }

  close(number: number): void {
    const closed = this.#ports[number];
    if (closed === undefined) return;
    forgetPort(this.#macs, closed.id);
    this.#ports[number] = undefined;
    const at = this.#open.indexOf(number);
    this.#openCount--;
    this.#open[at] = this.#open[this.#openCount] as number;
    if (number === INSIDE) this.#inside = undefined;
  }

  /** By the places of counters.ts; undefined: the port is not open. */
  counters(number: number): Float64Array | undefined {
    return this.#ports[number]?.counters;
  }

  /** Time has come so far: before a turn, and once a second at least. */
  tick(nowMs: number): void {
    this.#nowMs = nowMs;
    const nowS = Math.floor(nowMs / 1000);
    if (nowS === this.#nowS) return;
    this.#nowS = nowS;
    this.#looks.left = SWEPT_PER_TICK;
    let entry = nextAged(this.#macs, this.#looks, nowS);
    while (entry >= 0) {
      forgetLearned(this.#macs, this.#ports, entry);
      entry = nextAged(this.#macs, this.#looks, nowS);
    }
  }

  /** A frame with its header has come through a port. It is dropped and counted, or goes on. */
  input(number: number, region: Region, at: number, bytes: number): void {
    const from = this.#ports[number];
    if (from === undefined) return;
    count(from, COUNT_IN);
    const passing = this.#passing;
    begin(passing, number, from, region, at, bytes);
    const reason = this.#admit(passing);
    if (reason !== DROP_NONE) count(from, reason);
  }

  /** What stands inside sends a frame of its own or one that it has routed. */
  fromInside(region: Region, at: number, bytes: number): void {
    const from = this.#ports[INSIDE];
    assert(from !== undefined, 'nobody is inside');
    count(from, COUNT_IN);
    const passing = this.#passingOut;
    begin(passing, INSIDE, from, region, at, bytes);
    let reason = DROP_MALFORMED;
    if (parseFrame(passing.packet, region.bytes, at, bytes) === 0) reason = this.#forward(passing);
    if (reason !== DROP_NONE) count(from, reason);
  }

  /** DROP_NONE, or why the frame goes no further. */
  #admit(passing: Passing): number {
    const { packet, from, number } = passing;
    if (parseFrame(packet, passing.region.bytes, passing.at, passing.bytes) !== 0) {
      return DROP_MALFORMED;
    }
    if (packet.tags > 0 && packet.vlan === 0) {
      const reason = this.#withoutPriority(passing);
      if (reason !== DROP_NONE) return reason;
    }
    if (packet.tags > 0) {
      if (!isTrunkOf(from, packet.vlan)) return DROP_VLAN;
      passing.vlan = packet.vlan;
    }
    const { bytes } = passing.region;
    const reason = judge(from, packet, bytes);
    if (reason !== DROP_NONE) return reason;
    if (isReserved(bytes, packet.at)) return DROP_RESERVED;
    const { vlan } = passing;
    if (!learn(this.#macs, this.#ports, number, from, vlan, bytes, packet.at + 6, this.#nowS)) {
      return DROP_STATIC_MAC;
    }
    return this.#forward(passing);
  }

  /** A tag with a priority and no VLAN: as if there were none. */
  #withoutPriority(passing: Passing): number {
    const { arena } = this.#parts;
    const place = untagged(arena, passing.region, passing.at, passing.bytes);
    if (place < 0) return DROP_NO_ROOM;
    passing.region = arena.region;
    passing.at = place;
    passing.bytes -= TAG_BYTES;
    const fault = parseFrame(passing.packet, arena.region.bytes, place, passing.bytes);
    // Behind it is another tag: nobody nests them so.
    return fault !== 0 || passing.packet.tags > 0 ? DROP_MALFORMED : DROP_NONE;
  }

  #forward(passing: Passing): number {
    const { region, packet, number, vlan } = passing;
    const { waits } = this.#parts;
    const mayWait = waits !== undefined && number !== INSIDE && vlan === 0 && packet.tags === 0;
    if (mayWait && waits(number, packet, region, passing.at, passing.bytes)) return DROP_WAITS;
    const target = packet.at;
    const isGroup = ((region.bytes[target] as number) & 1) !== 0;
    if (isGroup) return this.#flood(passing, true);
    const low = getU32(region.bytes, target + 2) | 0;
    if (!find(this.#macs, vlan, getU16(region.bytes, target), low)) {
      return this.#flood(passing, false);
    }
    const to = this.#macs.ports[this.#macs.found] as number;
    if (to === number) return DROP_SAME_PORT;
    const port = to === NOBODY ? undefined : this.#ports[to];
    if (port === undefined) return this.#flood(passing, false);
    return pass(this.#parts, this.#inside, passing, to, port);
  }

  #flood(passing: Passing, isGroup: boolean): number {
    const { number, from, vlan } = passing;
    if (!mayFlood(from, this.#nowMs)) return DROP_FLOOD;
    count(from, COUNT_FLOODED);
    for (let i = 0; i < this.#openCount; i++) {
      const to = this.#open[i] as number;
      const port = this.#ports[to] as Port;
      if (to === number || to === INSIDE || !isMember(port, vlan)) continue;
      if ((!isGroup && !port.takesUnknown) || (from.isIsolated && port.isIsolated)) continue;
      const reason = pass(this.#parts, this.#inside, passing, to, port);
      if (reason !== DROP_NONE) count(from, reason);
    }
    const inside = this.#ports[INSIDE];
    if (!isGroup || inside === undefined || number === INSIDE || !isMember(inside, vlan)) {
      return DROP_NONE;
    }
    // At last: it may change the frame.
    return pass(this.#parts, this.#inside, passing, INSIDE, inside);
  }
}

function begin(
  passing: Passing,
  number: number,
  from: Port,
  region: Region,
  at: number,
  bytes: number,
): void {
  passing.number = number;
  passing.from = from;
  passing.vlan = from.vlan;
  passing.region = region;
  passing.at = at;
  passing.bytes = bytes;
  passing.taggedAt = -1;
  passing.untaggedAt = -1;
}

/** 01:80:c2:00:00:00 to 0f never leave a bridge's own link (802.1Q 8.6.3). */
function isReserved(bytes: Uint8Array, at: number): boolean {
  return getU32(bytes, at) === 0x0180_c200 && bytes[at + 4] === 0 && (bytes[at + 5] as number) < 16;
}

function mayFlood({ floods, config }: Port, nowMs: number): boolean {
  // The other side has floods of its own, and limits; guests have only this one.
  if (floods === undefined || config.isUplink === true) return true;
  fill(floods, nowMs);
  if (waitMs(floods, 0) > 0) return false;
  spend(floods, 0);
  return true;
}
