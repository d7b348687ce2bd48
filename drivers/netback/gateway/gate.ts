/** What the parts of a gateway share: its two sides, its tables, its clock, its way out. */

import type { Rate } from '../../../shared/core/rate.ts';
import type { Dhcp } from '../../../shared/net/dhcp.ts';
import type { Dns } from '../../../shared/net/dns.ts';
import type { Packet } from '../../../shared/net/packet.ts';
import type { Region } from '../../../shared/platform/region.ts';
import type { CompiledRules } from '../rules/compile.ts';
import type { Facts } from '../rules/facts.ts';
import type { Arena } from '../switch/arena.ts';
import type { GatewayConfig } from './config.ts';
import type { FlowKey, Flows } from './flow-table.ts';
import type { Fragments, PieceKey } from './fragments.ts';
import type { Leases } from './leases.ts';
import type { Neighbours } from './neighbour-table.ts';
import type { Questions } from './question-table.ts';

export const INNER_SIDE = 0;
export const OUTER_SIDE = 1;

/** A frame that is given on: its memory stays as it is until the turn ends. */
export type Give = (region: Region, at: number, bytes: number) => void;

/** Frames for VMs that do not run. */
export interface Sleepers {
  /**
   * Whether the frame waits for its VM, or is dropped since it may not: who has the address (four
   * words, of IPv4 the first) does not run. It is copied. `isRouted`: its MAC addresses are to be
   * put when it is given.
   */
  holds(
    family: number,
    target: Int32Array,
    source: Int32Array,
    region: Region,
    at: number,
    bytes: number,
    isRouted: boolean,
  ): boolean;
}

export interface Gate {
  readonly config: GatewayConfig;
  /** By side. */
  readonly give: readonly [Give, Give];
  readonly arena: Arena;
  /** A u32 that nobody can guess. */
  readonly random: () => number;
  readonly flows: Flows;
  readonly fragments: Fragments;
  readonly neighbours: Neighbours;
  readonly leases: Leases | undefined;
  readonly questions: Questions;
  readonly errors: Rate;
  readonly facts: Facts;
  readonly key: FlowKey;
  /** Four words of an address that a frame goes to next. */
  readonly hop: Int32Array;
  readonly piece: PieceKey;
  /** What an ICMP error quotes. */
  readonly quoted: Packet;
  readonly dhcp: Dhcp;
  readonly dns: Dns;
  readonly counters: Float64Array;
  /** By number of a port: the id of what is there. */
  readonly ids: Int32Array;
  readonly sleepers: Sleepers | undefined;
  /** Our own address of IPv6 on the inner link. */
  readonly linkLocal: Uint8Array;
  rules: CompiledRules | undefined;
  nowMs: number;
  nowS: number;
  nextAdvertS: number;
  /** Of packets of ours, and of fragments that are translated. */
  nextId: number;
}

export function countGate({ counters }: Gate, place: number): void {
  counters[place] = (counters[place] as number) + 1;
}
