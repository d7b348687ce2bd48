/** A port of the switch: what is said of it, packed so that a frame is compared without garbage. */

import { createRate, type Rate } from '../../../shared/core/rate.ts';
import { fail, ok, type Result } from '../../../shared/core/result.ts';
import type { Cidr } from '../../../shared/net/address-text.ts';
import { COUNTERS } from './counters.ts';
import { BOUND_MAX, FLOOD_BURST, FLOODS_PER_SECOND } from './limits.ts';

export interface PortConfig {
  /**
   * A u32 that is the same after a restart of the backend, and that no other vif of this host has:
   * what outlives a backend is told by it whose it is.
   */
  readonly id: number;
  /** Six bytes each: who it may be. Absent: whoever it says. */
  readonly macs?: readonly Uint8Array[];
  /** From where it may send. Absent: from anywhere, which those bound to IPv4 alone should not. */
  readonly ip4?: readonly Cidr[];
  readonly ip6?: readonly Cidr[];
  /** Of frames without a tag; 0 is a VLAN of its own. */
  readonly vlan?: number;
  /** VLANs whose frames come and go with their tags. */
  readonly trunk?: readonly number[];
  /** It reaches only ports that are not, too. */
  readonly isIsolated?: boolean;
  /** Its router advertisements, redirects and answers of DHCP are dropped. */
  readonly isNoServer?: boolean;
  /** It gets what is for stations that nobody knows; all of a port without `macs` do. */
  readonly isUplink?: boolean;
}

export interface Port {
  readonly config: PortConfig;
  readonly id: number;
  /** One behind the other, six bytes each; undefined: whoever it says. */
  readonly macs: Uint8Array | undefined;
  readonly ip4: readonly Cidr[] | undefined;
  readonly ip6: readonly Cidr[] | undefined;
  readonly vlan: number;
  /** A bit for each VLAN. */
  readonly trunk: Uint8Array | undefined;
  readonly isIsolated: boolean;
  readonly isNoServer: boolean;
  readonly takesUnknown: boolean;
  readonly floods: Rate | undefined;
  readonly counters: Float64Array;
  /** Entries of the MAC table that it has taught, and whose they are. */
  learned: number;
  readonly owner: { readonly id: number; port: number; readonly isBound: false };
}

const isVlan = (vlan: number): boolean => Number.isInteger(vlan) && vlan >= 1 && vlan <= 4094;

/** EINVAL: what is said of it makes no sense. */
export function createPort(config: PortConfig, nowMs: number): Result<Port> {
  const { id, macs, ip4, ip6, vlan = 0, trunk = [] } = config;
  if (!Number.isInteger(id) || id < 0 || id > 0xffff_ffff) return fail('EINVAL', `port id ${id}`);
  if (macs?.some((mac) => mac.length !== 6 || ((mac[0] as number) & 1) !== 0)) {
    return fail('EINVAL', 'a MAC address of no one station');
  }
  if (ip4?.some(({ address }) => address.length !== 4)) return fail('EINVAL', 'IPv4 that is none');
  if (ip6?.some(({ address }) => address.length !== 16)) return fail('EINVAL', 'IPv6 that is none');
  if ([macs, ip4, ip6].some((list) => (list?.length ?? 0) > BOUND_MAX)) {
    return fail('EINVAL', `more than ${BOUND_MAX} addresses of a port`);
  }
  if ((vlan !== 0 && !isVlan(vlan)) || !trunk.every(isVlan)) return fail('EINVAL', 'no such VLAN');
  const bits = trunk.length === 0 ? undefined : new Uint8Array(512);
  for (const one of trunk)
    if (bits) bits[one >>> 3] = (bits[one >>> 3] as number) | (1 << (one & 7));
  return ok({
    config,
    id,
    macs: macs && Uint8Array.from(macs.flatMap((mac) => [...mac])),
    ip4,
    ip6,
    vlan,
    trunk: bits,
    isIsolated: config.isIsolated ?? false,
    isNoServer: config.isNoServer ?? false,
    takesUnknown: config.isUplink === true || macs === undefined,
    floods: createRate({ bytes: 0, operations: FLOODS_PER_SECOND }, FLOOD_BURST, nowMs),
    counters: new Float64Array(COUNTERS),
    learned: 0,
    owner: { id, port: -1, isBound: false },
  });
}

/** Whether frames of the VLAN pass the port with their tags. */
export function isTrunkOf({ trunk }: Port, vlan: number): boolean {
  return trunk !== undefined && (((trunk[vlan >>> 3] as number) >>> (vlan & 7)) & 1) !== 0;
}

/** Counts one. */
export function count({ counters }: Port, place: number): void {
  counters[place] = (counters[place] as number) + 1;
}
