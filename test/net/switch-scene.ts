/** A switch with outlets that keep what they get. */

import { boxBytes, noteSecond, openBox } from '../../drivers/netback/state/box.ts';
import { createArena } from '../../drivers/netback/switch/arena.ts';
import { MAC_FORM } from '../../drivers/netback/switch/mac-table.ts';
import type { Inside, Outlets, SwitchParts } from '../../drivers/netback/switch/passing.ts';
import { INSIDE } from '../../drivers/netback/switch/passing.ts';
import type { PortConfig } from '../../drivers/netback/switch/port.ts';
import { Switch } from '../../drivers/netback/switch/switch.ts';
import { must } from '../../shared/core/result.ts';
import type { Region } from '../../shared/platform/region.ts';
import { memory } from './regions.ts';

export interface SwitchScene {
  readonly net: Switch;
  /** Since the last look, in order: port and frame. */
  readonly got: [number, number[]][];
  /** Ports without room. */
  readonly full: Set<number>;
  /** Puts a frame in and ends the turn; what came out. */
  send(port: number, frame: Uint8Array): [number, number[]][];
  tick(nowMs: number): void;
}

export interface SceneOptions {
  readonly ports: Readonly<Record<number, PortConfig>>;
  /** Of a scene before, whose backend died. */
  readonly box?: Region;
  readonly nowMs?: number;
  readonly allows?: SwitchParts['allows'];
  readonly arenaBytes?: number;
}

export function newBox(): Region {
  return memory(boxBytes([MAC_FORM]));
}

export function switchScene(options: SceneOptions): SwitchScene {
  const { ports, box: region = newBox(), nowMs = 0, allows, arenaBytes = 1 << 20 } = options;
  const got: [number, number[]][] = [];
  const full = new Set<number>();
  const keep = (port: number, from: Region, at: number, bytes: number): boolean => {
    if (full.has(port)) return false;
    got.push([port, [...from.bytes.subarray(at, at + bytes)]]);
    return true;
  };
  const outlets: Outlets = { deliver: keep };
  const inside: Inside = {
    take: (_, packet, from, at, bytes) => {
      if (packet.at !== at + 10 || packet.end !== at + bytes) throw new Error('another packet');
      keep(INSIDE, from, at, bytes);
    },
  };
  const box = openBox(region, [MAC_FORM], 7);
  const arena = createArena(memory(arenaBytes));
  const macs = box.tables[0] as (typeof box.tables)[number];
  const parts = { outlets, arena, macs, keptS: box.keptS, seed: 99, ...(allows && { allows }) };
  const net = new Switch(parts, nowMs);
  for (const [port, config] of Object.entries(ports)) must(net.open(Number(port), config, inside));
  const room = memory(70_000);
  return {
    net,
    got,
    full,
    send(port, frame) {
      got.length = 0;
      room.bytes.fill(0xee);
      room.bytes.set(frame, 64);
      net.input(port, room, 64, frame.length);
      arena.used = 0;
      return [...got];
    },
    tick(now) {
      net.tick(now);
      noteSecond(box, Math.floor(now / 1000));
    },
  };
}
