/** A frame on its way from one port of the switch to others. */

import { must } from '../../../shared/core/result.ts';
import { createPacket, type Packet } from '../../../shared/net/packet.ts';
import { parseFrame } from '../../../shared/net/parse-frame.ts';
import type { Region } from '../../../shared/platform/region.ts';
import type { Table } from '../state/table.ts';
import type { Arena } from './arena.ts';
import {
  COUNT_OUT,
  DROP_ISOLATED,
  DROP_MALFORMED,
  DROP_NO_ROOM,
  DROP_NONE,
  DROP_RULE,
  DROP_VLAN,
} from './counters.ts';
import { PORTS_MAX } from './limits.ts';
import { count, createPort, isTrunkOf, type Port } from './port.ts';
import { TAG_BYTES, tagged, untagged } from './tags.ts';

/** The port of what stands inside: a gateway, or nobody. */
export const INSIDE = PORTS_MAX;

export interface Outlets {
  /**
   * Gives a port the header and frame in `bytes` bytes at `at`, which stay as they are until the
   * turn ends; false: it has no room, and the frame is dropped.
   */
  deliver(port: number, region: Region, at: number, bytes: number): boolean;
}

/** What stands at the port INSIDE. */
export interface Inside {
  /**
   * A frame for its address or for all, already parsed; the memory of the first kind is its own
   * until the turn ends. It may send while it is called.
   */
  take(from: number, packet: Packet, region: Region, at: number, bytes: number): void;
}

export interface SwitchParts {
  readonly outlets: Outlets;
  readonly arena: Arena;
  /** Of MAC_FORM. */
  readonly macs: Table;
  /** The second at which a predecessor ended that left the table; undefined: it is empty. */
  readonly keptS: number | undefined;
  /** Of a secret. */
  readonly seed: number;
  /** Whether a frame may go from one port to another: rules. Absent: it may. */
  readonly allows?: (from: number, to: number, packet: Packet, bytes: Uint8Array) => boolean;
  /** Whether a frame of VLAN 0 waits for a VM that does not run. Absent: none does. */
  readonly waits?: (
    from: number,
    packet: Packet,
    region: Region,
    at: number,
    bytes: number,
  ) => boolean;
}

export interface Passing {
  readonly packet: Packet;
  number: number;
  from: Port;
  vlan: number;
  region: Region;
  at: number;
  bytes: number;
  /** Its second forms in the arena, made once for all ports. */
  taggedAt: number;
  untaggedAt: number;
}

export function createPassing(): Passing {
  const nothing = { bytes: new Uint8Array(0), words: new Int32Array(0) };
  return {
    packet: createPacket(),
    number: -1,
    from: must(createPort({ id: 0 }, 0)),
    vlan: 0,
    region: nothing,
    at: 0,
    bytes: 0,
    taggedAt: -1,
    untaggedAt: -1,
  };
}

export const isMember = (port: Port, vlan: number): boolean =>
  port.vlan === vlan || isTrunkOf(port, vlan);

/** To one port; DROP_NONE, or why the frame does not go there. */
export function pass(
  parts: SwitchParts,
  inside: Inside | undefined,
  passing: Passing,
  to: number,
  port: Port,
): number {
  const { packet, vlan, from, number, region, bytes } = passing;
  const { allows } = parts;
  if (!isMember(port, vlan)) return DROP_VLAN;
  if (from.isIsolated && port.isIsolated) return DROP_ISOLATED;
  if (allows !== undefined && number !== INSIDE && !allows(number, to, packet, region.bytes)) {
    return DROP_RULE;
  }
  const wantsTag = port.vlan !== vlan;
  if (wantsTag === packet.tags > 0)
    return give(parts, inside, passing, to, port, region, passing.at, bytes);
  const place = secondForm(parts.arena, passing, wantsTag);
  if (place < 0) return DROP_NO_ROOM;
  const length = bytes + (wantsTag ? TAG_BYTES : -TAG_BYTES);
  const own = parts.arena.region;
  if (to === INSIDE && parseFrame(packet, own.bytes, place, length) !== 0) return DROP_MALFORMED;
  return give(parts, inside, passing, to, port, own, place, length);
}

function give(
  { outlets }: SwitchParts,
  inside: Inside | undefined,
  { packet, number }: Passing,
  to: number,
  port: Port,
  region: Region,
  at: number,
  bytes: number,
): number {
  if (to === INSIDE) {
    count(port, COUNT_OUT);
    inside?.take(number, packet, region, at, bytes);
  } else if (outlets.deliver(to, region, at, bytes)) count(port, COUNT_OUT);
  else count(port, DROP_NO_ROOM);
  return DROP_NONE;
}

function secondForm(arena: Arena, passing: Passing, wantsTag: boolean): number {
  const { region, at, bytes, vlan } = passing;
  if (wantsTag) {
    if (passing.taggedAt < 0) passing.taggedAt = tagged(arena, region, at, bytes, vlan);
    return passing.taggedAt;
  }
  if (passing.untaggedAt < 0) passing.untaggedAt = untagged(arena, region, at, bytes);
  return passing.untaggedAt;
}
