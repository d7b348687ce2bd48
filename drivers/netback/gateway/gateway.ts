/**
 * A router between guests and the outside. It stands at the switch's port INSIDE and at the uplink:
 * ARP and neighbour discovery, IPv4 with translation or without, IPv6, DHCP, router advertisements,
 * DNS. Pure: memory, time and randomness are given. What must outlive it lies in a box.
 */

import { createRate, type Rate } from '../../../shared/core/rate.ts';
import { ok, type Result } from '../../../shared/core/result.ts';
import { createDhcp } from '../../../shared/net/dhcp.ts';
import { createDns } from '../../../shared/net/dns.ts';
import { isNdp } from '../../../shared/net/ndp.ts';
import { PORT_DNS, PROTOCOL_UDP } from '../../../shared/net/numbers.ts';
import {
  createPacket,
  KIND_ARP,
  KIND_IPV4,
  KIND_IPV6,
  type Packet,
} from '../../../shared/net/packet.ts';
import { parseFrame } from '../../../shared/net/parse-frame.ts';
import type { Region } from '../../../shared/platform/region.ts';
import type { Table } from '../state/table.ts';
import type { Arena } from '../switch/arena.ts';
import { isSameMac } from '../switch/guard.ts';
import { INSIDE, type Inside } from '../switch/passing.ts';
import { linkLocalOf } from './address6.ts';
import { isHeaderSound, isNoHost, source4, target4 } from './checks4.ts';
import { checkConfig, type GatewayConfig, isNear } from './config.ts';
import {
  GATE_BAD_HEADER,
  GATE_MARTIAN,
  GATE_NAMES,
  GATE_NO_FLOW,
  GATE_NOT_OURS,
} from './counters.ts';
import { forwardAnswer } from './dns-forwarder.ts';
import type { Tracker } from './filter.ts';
import { GATEWAY_ZONE } from './flow-table.ts';
import { sweepFlows } from './flows.ts';
import { forwardIn4, forwardOut4 } from './forward4.ts';
import { take6 } from './forward6.ts';
import { countGate, type Gate, type Give, INNER_SIDE, OUTER_SIDE, type Sleepers } from './gate.ts';
import { claimLeases, openLeases, releasePort } from './leases.ts';
import { ERRORS_PER_SECOND } from './limits.ts';
import { takeArp, takeLocal4 } from './local4.ts';
import { createNeighbours } from './neighbour-table.ts';
import { tickNeighbours } from './neighbours.ts';
import { createQuestions } from './question-table.ts';
import { advertise, takeNdp } from './router6.ts';

export interface GatewayParts {
  readonly config: GatewayConfig;
  /** Into the switch, as from the port INSIDE. */
  readonly toInside: Give;
  /** Out by the uplink. */
  readonly toOutside: Give;
  readonly arena: Arena;
  /** Connections and rules, which the switch shares. */
  readonly tracker: Tracker;
  /** Of LEASE_FORM. */
  readonly leases: Table;
  /** The second at which a predecessor ended that left the tables; undefined: they are empty. */
  readonly keptS: number | undefined;
  /** A u32 that nobody can guess. */
  readonly random: () => number;
  readonly sleepers?: Sleepers;
}

/** EINVAL: what of the configuration makes no sense. */
export function createGate(parts: GatewayParts, nowMs: number): Result<Gate> {
  const checked = checkConfig(parts.config);
  return checked.ok ? ok(gateOf(parts, nowMs)) : checked;
}

function gateOf(parts: GatewayParts, nowMs: number): Gate {
  const { config, random, keptS } = parts;
  const nowS = Math.floor(nowMs / 1000);
  const burst = { ms: 1000, bytes: 0 };
  return {
    ...parts.tracker,
    config,
    give: [parts.toInside, parts.toOutside],
    arena: parts.arena,
    random,
    neighbours: createNeighbours(random()),
    leases: config.dhcp && openLeases(parts.leases, config.dhcp, keptS, nowS),
    questions: createQuestions(),
    errors: createRate({ bytes: 0, operations: ERRORS_PER_SECOND }, burst, nowMs) as Rate,
    hop: new Int32Array(4),
    dhcp: createDhcp(),
    dns: createDns(),
    counters: new Float64Array(GATE_NAMES.length),
    sleepers: parts.sleepers,
    linkLocal: linkLocalOf(config.inside.mac),
    nowMs,
    nowS,
    nextAdvertS: nowS,
    nextId: random() & 0xffff,
  };
}

export class Gateway implements Inside {
  readonly #gate: Gate;
  readonly #packet = createPacket();

  constructor(gate: Gate) {
    this.#gate = gate;
  }

  /** A guest is there at the switch's port, with the id that the switch knows. */
  openPort(port: number, id: number): void {
    const { leases } = this.#gate;
    if (leases !== undefined) claimLeases(leases, id, port);
  }

  /** It is gone. */
  closePort(port: number): void {
    const { leases } = this.#gate;
    if (leases !== undefined) releasePort(leases, port);
  }

  /** Time has come so far: before a turn, and once a second at least. */
  tick(nowMs: number): void {
    const gate = this.#gate;
    gate.nowMs = nowMs;
    const nowS = Math.floor(nowMs / 1000);
    if (nowS === gate.nowS) return;
    gate.nowS = nowS;
    gate.flows.nowS = nowS;
    if (gate.leases !== undefined) gate.leases.nowS = nowS;
    sweepFlows(gate.flows);
    tickNeighbours(gate);
    const { ip6 } = gate.config;
    if (ip6 !== undefined && nowS >= gate.nextAdvertS) advertise(gate, ip6);
  }

  /** A frame of the inside for us or for all: see Inside. */
  take(from: number, packet: Packet, region: Region, at: number, bytes: number): void {
    const gate = this.#gate;
    const data = region.bytes;
    gate.key.zone = GATEWAY_ZONE;
    if (packet.kind === KIND_ARP) takeArp(gate, INNER_SIDE, from, packet, data);
    else if (packet.kind === KIND_IPV4) this.#inner4(from, packet, region, at, bytes);
    else if (packet.kind === KIND_IPV6) {
      if (isNdp(packet)) takeNdp(gate, INNER_SIDE, from, packet, data);
      else if (isForUs(gate, INNER_SIDE, packet, data)) {
        take6(gate, INNER_SIDE, from, packet, region, at, bytes);
      }
    }
  }

  #inner4(from: number, packet: Packet, region: Region, at: number, bytes: number): void {
    const gate = this.#gate;
    const data = region.bytes;
    const { inside, outside } = gate.config;
    const source = source4(packet, data);
    const target = target4(packet, data);
    if (!isHeaderSound(packet, data)) {
      countGate(gate, GATE_BAD_HEADER);
      return;
    }
    // What is for all is read and never changed: others have it, too.
    if (target === inside.ip4 || !isForUs(gate, INNER_SIDE, packet, data) || source === 0) {
      takeLocal4(gate, from, packet, data);
      return;
    }
    const isGuests = isNear(source, inside.ip4, inside.bits) && source !== inside.ip4;
    if (packet.isSourceRouted !== 0 || isNoHost(source) || isNoHost(target) || !isGuests) {
      countGate(gate, GATE_MARTIAN);
      return;
    }
    // Guests reach each other by the switch, and our outer address by no way.
    if (isNear(target, inside.ip4, inside.bits) || target === outside.ip4) {
      countGate(gate, GATE_NOT_OURS);
      return;
    }
    forwardOut4(gate, from, packet, region, at, bytes);
  }

  /** A frame has come by the uplink, in memory of ours until the turn ends. */
  fromOutside(region: Region, at: number, bytes: number): void {
    const gate = this.#gate;
    const packet = this.#packet;
    const data = region.bytes;
    gate.key.zone = GATEWAY_ZONE;
    if (parseFrame(packet, data, at, bytes) !== 0 || packet.tags > 0) {
      countGate(gate, GATE_NOT_OURS);
      return;
    }
    const isUnicast = isForUs(gate, OUTER_SIDE, packet, data);
    if (packet.kind === KIND_ARP) takeArp(gate, OUTER_SIDE, INSIDE, packet, data);
    else if (packet.kind === KIND_IPV6 && isNdp(packet)) {
      takeNdp(gate, OUTER_SIDE, INSIDE, packet, data);
    } else if (!isUnicast) countGate(gate, GATE_NOT_OURS);
    else if (packet.kind === KIND_IPV4) this.#outer4(packet, region, at, bytes);
    else if (packet.kind === KIND_IPV6) take6(gate, OUTER_SIDE, -1, packet, region, at, bytes);
    else countGate(gate, GATE_NOT_OURS);
  }

  #outer4(packet: Packet, region: Region, at: number, bytes: number): void {
    const gate = this.#gate;
    const data = region.bytes;
    const { inside, outside, isTranslating } = gate.config;
    const source = source4(packet, data);
    const target = target4(packet, data);
    if (!isHeaderSound(packet, data)) {
      countGate(gate, GATE_BAD_HEADER);
      return;
    }
    const isInners = isNear(source, inside.ip4, inside.bits) || source === outside.ip4;
    if (packet.isSourceRouted !== 0 || isNoHost(source) || isInners) {
      countGate(gate, GATE_MARTIAN);
      return;
    }
    if (packet.protocol === PROTOCOL_UDP && packet.sourcePort === PORT_DNS) {
      if (target === outside.ip4 && forwardAnswer(gate, packet, data)) return;
    }
    const isForGuest = isNear(target, inside.ip4, inside.bits) && target !== inside.ip4;
    const isOurs = isTranslating ? target === outside.ip4 : isForGuest;
    if (isOurs) forwardIn4(gate, packet, region, at, bytes);
    else countGate(gate, target === outside.ip4 ? GATE_NO_FLOW : GATE_NOT_OURS);
  }
}

/** Whether a frame is for our station, and not for all. */
function isForUs({ config }: Gate, side: number, { at }: Packet, bytes: Uint8Array): boolean {
  const { mac } = side === INNER_SIDE ? config.inside : config.outside;
  return isSameMac(mac, 0, bytes, at);
}
