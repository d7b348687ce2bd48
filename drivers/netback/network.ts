/**
 * The network between vifs and what is behind them: the switch, the gateway at it or none, rules,
 * and VMs that packets wake. One code in a process of dom0 and in a stub domain: memory, time,
 * randomness and the way out are given.
 */

import { assert } from '../../shared/core/assert.ts';
import { copyBytes } from '../../shared/core/bytes.ts';
import { ok, type Result } from '../../shared/core/result.ts';
import { createPacket, NONE } from '../../shared/net/packet.ts';
import type { Region } from '../../shared/platform/region.ts';
import type { GatewayConfig } from './gateway/config.ts';
import { mayGo, type Tracker } from './gateway/filter.ts';
import { createFlowKey, FLOW_FORM } from './gateway/flow-table.ts';
import { sweepFlows } from './gateway/flows.ts';
import { createFragments, createPieceKey } from './gateway/fragments.ts';
import { type Gate, INNER_SIDE } from './gateway/gate.ts';
import { createGate, Gateway } from './gateway/gateway.ts';
import { claimFlows, dropFlows, openFlows } from './gateway/kept-flows.ts';
import { LEASE_FORM } from './gateway/leases.ts';
import { giveTo } from './gateway/neighbours.ts';
import { type CompiledRules, compileRules, NO_VIF, nameVif } from './rules/compile.ts';
import { createFacts } from './rules/facts.ts';
import type { RuleSet } from './rules/rule.ts';
import { type Box, boxBytes, noteSecond, openBox } from './state/box.ts';
import { mixed } from './state/index-of-entries.ts';
import type { Table } from './state/table.ts';
import { type Arena, createArena, resetArena, takeRoom } from './switch/arena.ts';
import { PORTS_MAX } from './switch/limits.ts';
import { MAC_FORM } from './switch/mac-table.ts';
import { INSIDE, type Outlets } from './switch/passing.ts';
import type { PortConfig } from './switch/port.ts';
import { Switch } from './switch/switch.ts';
import { waitsFor } from './wake/knocks.ts';
import { createSleepers, type SleeperConfig, type SleepingVms } from './wake/sleepers.ts';

const FORMS = [MAC_FORM, FLOW_FORM, LEASE_FORM];

/** Of the memory that outlives the backend. */
export const NETWORK_BYTES = boxBytes(FORMS);

/** Of the memory for frames of ours in a turn: some of the largest, or hundreds of common ones. */
export const ARENA_BYTES = 1 << 20;

export interface NetworkOutlets extends Outlets {
  /** All that was delivered is taken over: its memory is used again. */
  settle(): void;
}

export interface NetworkParts {
  readonly outlets: NetworkOutlets;
  /** Of ARENA_BYTES, which outlets can copy from. */
  readonly arena: Region;
  /** Of NETWORK_BYTES: new memory, or what a predecessor has left. */
  readonly state: Region;
  /** A u32 that nobody can guess. */
  readonly random: () => number;
  /** Absent: a switch alone. */
  readonly gateway?: GatewayConfig;
  /** The port of the outside, where there is no gateway that names it. */
  readonly uplink?: number;
  /** Absent: all may pass. */
  readonly rules?: RuleSet;
  readonly sleepers?: readonly SleeperConfig[];
  /** Asks for a VM that a packet is for. */
  readonly wake?: (vm: SleeperConfig) => void;
}

/** EINVAL: what of the configuration or the rules makes no sense. */
export function createNetwork(parts: NetworkParts, nowMs: number): Result<Network> {
  const compiled = parts.rules === undefined ? ok() : compileRules(parts.rules);
  if (!compiled.ok) return compiled;
  const network = new Network(parts, compiled.value ?? undefined, nowMs);
  const opened = network.begin();
  return opened.ok ? ok(network) : opened;
}

/** Connections by another outer address are none of ours, nor leases of another range. */
function shapeOf(gateway: GatewayConfig | undefined): number {
  if (gateway === undefined) return 0;
  const { outside, dhcp, isTranslating } = gateway;
  return [outside.ip4, dhcp?.first ?? 0, dhcp?.last ?? 0, isTranslating ? 1 : 2].reduce(mixed, 1);
}

export class Network {
  readonly #parts: NetworkParts;
  readonly #box: Box;
  readonly #arena: Arena;
  readonly #switch: Switch;
  readonly #uplink: number;
  readonly #names = new Map<number, string>();
  #tracker: Tracker & { nowS: number; rules: CompiledRules | undefined };
  #gateway: Gateway | undefined;
  #gate: Gate | undefined;
  #sleepers: SleepingVms | undefined;
  #nowMs: number;
  /** The port that was opened last. */
  #connecting = NONE;

  constructor(parts: NetworkParts, rules: CompiledRules | undefined, nowMs: number) {
    const { gateway, random } = parts;
    this.#parts = parts;
    this.#nowMs = nowMs;
    this.#uplink = gateway?.outside.port ?? parts.uplink ?? NONE;
    this.#box = openBox(parts.state, FORMS, shapeOf(gateway));
    this.#arena = createArena(parts.arena);
    const nowS = Math.floor(nowMs / 1000);
    const [macs, flows] = this.#box.tables as [Table, Table, Table];
    const { keptS } = this.#box;
    this.#tracker = {
      flows: openFlows(flows, random(), keptS, nowS),
      fragments: createFragments(),
      facts: createFacts(),
      key: createFlowKey(),
      quoted: createPacket(),
      piece: createPieceKey(),
      ids: new Int32Array(PORTS_MAX + 1).fill(-1),
      rules,
      nowS,
    };
    this.#switch = new Switch(
      {
        outlets: parts.outlets,
        arena: this.#arena,
        macs,
        keptS,
        seed: random(),
        allows: (from, to, packet, bytes) =>
          to === INSIDE || mayGo(this.#tracker, this.#uplink, from, to, packet, bytes),
        waits: (from, packet, region, at, bytes) =>
          this.#sleepers !== undefined &&
          waitsFor(this.#sleepers, this.#tracker, this.#uplink, from, packet, region, at, bytes),
      },
      nowMs,
    );
  }

  /** Once, by createNetwork: what can be refused. */
  begin(): Result<void> {
    const { sleepers, wake, gateway, random } = this.#parts;
    if (sleepers !== undefined) {
      const parts = {
        ...{ vms: sleepers, seed: random(), wake: wake ?? (() => {}) },
        give: this.#giveAwake.bind(this),
      };
      const made = createSleepers(parts, this.#nowMs);
      if (!made.ok) return made;
      this.#sleepers = made.value;
    }
    return gateway === undefined ? ok() : this.#openGateway(gateway);
  }

  #openGateway(config: GatewayConfig): Result<void> {
    const { outlets, random } = this.#parts;
    const [, , leases] = this.#box.tables as [Table, Table, Table];
    const made = createGate(
      {
        ...{ config, random, arena: this.#arena, tracker: this.#tracker, leases },
        keptS: this.#box.keptS,
        toInside: (region, at, bytes) => this.#switch.fromInside(region, at, bytes),
        toOutside: (region, at, bytes) => {
          outlets.deliver(config.outside.port, region, at, bytes);
        },
        ...(this.#sleepers && { sleepers: this.#sleepers }),
      },
      this.#nowMs,
    );
    if (!made.ok) return made;
    this.#gate = made.value;
    this.#tracker = made.value;
    this.#gateway = new Gateway(made.value);
    const { mac } = config.inside;
    return this.#switch.open(INSIDE, { id: 0xffff_ffff, macs: [mac] }, this.#gateway);
  }

  /**
   * A vif is there, or the uplink of a switch without a gateway. `name` is what rules and sleepers
   * call it. Errors: see Switch.open.
   */
  openPort(port: number, name: string, config: PortConfig): Result<void> {
    assert(port >= 0 && port < PORTS_MAX && !this.#names.has(port), `port ${port} is open`);
    const isOuter = this.#gateway !== undefined && port === this.#uplink;
    const opened = isOuter ? ok() : this.#switch.open(port, config);
    if (!opened.ok) return opened;
    this.#names.set(port, name);
    const { rules, ids, flows } = this.#tracker;
    if (rules !== undefined) nameVif(rules, name, port);
    ids[port] = config.id;
    claimFlows(flows, config.id, port);
    this.#gateway?.openPort(port, config.id);
    this.#connecting = port;
    this.#sleepers?.connected(name);
    return ok();
  }

  closePort(port: number): void {
    const name = this.#names.get(port);
    if (name === undefined) return;
    this.#names.delete(port);
    this.#switch.close(port);
    const { rules, flows, ids } = this.#tracker;
    if (rules !== undefined) nameVif(rules, name, NO_VIF);
    dropFlows(flows, port);
    ids[port] = -1;
    this.#gateway?.closePort(port);
    this.#sleepers?.gone(name);
  }

  /** Others from now on. EINVAL: these are none. */
  setRules(set: RuleSet | undefined): Result<void> {
    const compiled = set === undefined ? ok() : compileRules(set);
    if (!compiled.ok) return compiled;
    const rules = compiled.value ?? undefined;
    for (const [port, name] of this.#names) if (rules !== undefined) nameVif(rules, name, port);
    this.#tracker.rules = rules;
    return ok();
  }

  get rules(): CompiledRules | undefined {
    return this.#tracker.rules;
  }

  /** By the places of switch/counters.ts; undefined: it is no port of the switch. */
  portCounters(port: number): Float64Array | undefined {
    return this.#switch.counters(port);
  }

  /** By the places of gateway/counters.ts; undefined: there is no gateway. */
  get gateCounters(): Float64Array | undefined {
    return this.#gate?.counters;
  }

  /** Time has come so far: before a turn, and once a second at least. */
  tick(nowMs: number): void {
    this.#nowMs = nowMs;
    const nowS = Math.floor(nowMs / 1000);
    this.#switch.tick(nowMs);
    if (this.#gateway !== undefined) this.#gateway.tick(nowMs);
    else if (nowS !== this.#tracker.nowS) {
      this.#tracker.nowS = nowS;
      this.#tracker.flows.nowS = nowS;
      sweepFlows(this.#tracker.flows);
    }
    this.#sleepers?.tick(nowMs);
    noteSecond(this.#box, nowS);
  }

  /**
   * A frame with its header has come by a port, into memory of ours: what becomes of it may be
   * written there, and it stays until the turn ends.
   */
  input(port: number, region: Region, at: number, bytes: number): void {
    if (this.#gateway !== undefined && port === this.#uplink) {
      this.#gateway.fromOutside(region, at, bytes);
    } else this.#switch.input(port, region, at, bytes);
  }

  /** What was delivered is taken over, and memory of the turn is free. */
  endTurn(): void {
    this.#parts.outlets.settle();
    resetArena(this.#arena);
  }

  /** A frame that has waited, to the VM that runs now. */
  #giveAwake(vm: SleeperConfig, from: Region, at: number, bytes: number, isRouted: boolean): void {
    const place = takeRoom(this.#arena, bytes);
    if (place < 0) return;
    const { region } = this.#arena;
    copyBytes(from.bytes, at, region.bytes, place, bytes);
    if (isRouted && this.#gate) giveTo(this.#gate, INNER_SIDE, vm.mac, 0, region, place, bytes);
    else this.#parts.outlets.deliver(this.#connecting, region, place, bytes);
  }
}
