/** A switch as plainly as it can be said: a Map of stations, and what each port should get. */

import type { PortConfig } from '../../drivers/netback/switch/port.ts';
import type { Prng } from '../../shared/core/prng.ts';
import { formatMac } from '../../shared/net/mac-text.ts';
import * as make from './frames.ts';

export interface ModelPort {
  readonly number: number;
  readonly config: PortConfig;
}

interface Station {
  readonly port: number;
  readonly isBound: boolean;
}

export interface SwitchModel {
  readonly ports: Map<number, PortConfig>;
  /** By VLAN and address. */
  readonly stations: Map<string, Station>;
}

const boundTo = ({ macs = [] }: PortConfig): string[] => macs.map((mac) => formatMac(mac, 0));

export function openModelPort(model: SwitchModel, number: number, config: PortConfig): void {
  model.ports.set(number, config);
  for (const mac of boundTo(config)) {
    model.stations.set(`${config.vlan ?? 0} ${mac}`, { port: number, isBound: true });
  }
}

export function closeModelPort(model: SwitchModel, number: number): void {
  model.ports.delete(number);
  for (const [key, { port }] of model.stations) if (port === number) model.stations.delete(key);
}

/** Nobody was heard for long. */
export function ageAll(model: SwitchModel): void {
  for (const [key, { isBound }] of model.stations) if (!isBound) model.stations.delete(key);
}

export interface ModelFrame {
  readonly from: string;
  readonly to: string;
  /** Undefined: without a tag. */
  readonly tag: number | undefined;
  readonly payload: make.Bytes;
}

export const frameBytes = ({ from, to, tag, payload }: ModelFrame): Uint8Array =>
  make.offloaded(make.ether(to, from, 0x88b5, payload, tag === undefined ? [] : make.tag(tag)));

const vlanOf = ({ vlan = 0 }: PortConfig): number => vlan;

/** The tag with which a port gets frames of a VLAN; `none`: it is not in it. */
function tagAt(config: PortConfig, vlan: number): number | undefined | 'none' {
  if (vlanOf(config) === vlan) return undefined;
  return config.trunk?.includes(vlan) ? vlan : 'none';
}

/** What becomes of a frame: for each port that gets it, its bytes. */
export function expected(
  model: SwitchModel,
  number: number,
  frame: ModelFrame,
): Map<number, number[]> {
  const got = new Map<number, number[]>();
  const source = model.ports.get(number);
  if (source === undefined) return got;
  const { from, to, tag } = frame;
  // A priority alone is no VLAN.
  const isTagged = tag !== undefined && tag !== 0;
  if (isTagged && !source.trunk?.includes(tag)) return got;
  const vlan = isTagged ? tag : vlanOf(source);
  if (source.macs && !boundTo(source).includes(from)) return got;
  if (!source.macs || vlan !== vlanOf(source)) {
    const known = model.stations.get(`${vlan} ${from}`);
    if (known?.isBound && known.port !== number) return got;
    if (!known?.isBound) model.stations.set(`${vlan} ${from}`, { port: number, isBound: false });
  }
  const isGroup = (Number.parseInt(to.slice(0, 2), 16) & 1) === 1;
  const station = isGroup ? undefined : model.stations.get(`${vlan} ${to}`);
  if (station?.port === number) return got;
  for (const [port, config] of model.ports) {
    const out = tagAt(config, vlan);
    const isFor =
      station === undefined
        ? isGroup || config.isUplink === true || config.macs === undefined
        : station.port === port;
    const isApart = source.isIsolated === true && config.isIsolated === true;
    if (port === number || !isFor || out === 'none' || isApart) continue;
    got.set(port, [...frameBytes({ ...frame, tag: out })]);
  }
  return got;
}

export const MACS = Array.from({ length: 8 }, (_, i) => `02:00:00:00:00:0${i}`);
const GROUPS = ['ff:ff:ff:ff:ff:ff', '33:33:00:00:00:01'];

export function randomFrame(random: Prng): ModelFrame {
  const tag = random.chance(0.7) ? undefined : random.pick([0, 5, 6]);
  const to = random.chance(0.2) ? random.pick(GROUPS) : random.pick(MACS);
  return { from: random.pick(MACS), to, tag, payload: [random.below(256), random.below(256)] };
}

/** Of an address at most one port. */
export function randomConfig(random: Prng, id: number, free: string[]): PortConfig {
  const macs = random.chance(0.4) ? free.splice(0, random.below(3)) : undefined;
  const bytes = macs?.map((mac) => Uint8Array.from(make.mac(mac)));
  return {
    id,
    ...(bytes && { macs: bytes }),
    ...(random.chance(0.3) ? { vlan: random.pick([5, 6]) } : {}),
    ...(random.chance(0.4) ? { trunk: random.pick([[5], [5, 6], [6, 7]]) } : {}),
    ...(random.chance(0.3) ? { isIsolated: true } : {}),
    ...(random.chance(0.2) ? { isUplink: true } : {}),
  };
}
