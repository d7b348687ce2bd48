/** What is said of a gateway: plain data, so that an image may have it compiled in. */

import { fail, ok, type Result } from '../../../shared/core/result.ts';
import { FORWARDS_MAX, LEASES_MAX } from './limits.ts';

export interface SideConfig {
  /** Ours on this side, six bytes. */
  readonly mac: Uint8Array;
  /** Ours, as a u32, and how many of its bits are the network's. */
  readonly ip4: number;
  readonly bits: number;
  readonly mtu: number;
}

/** A port of the outer address that leads to a guest. */
export interface Forward {
  /** 6 or 17. */
  readonly protocol: number;
  readonly port: number;
  readonly ip4: number;
  readonly toPort: number;
}

export interface DhcpConfig {
  /** Addresses that are given, both ends among them. */
  readonly first: number;
  readonly last: number;
  /** Addresses of the inside that are one station's for ever. */
  readonly reserved?: readonly { readonly mac: Uint8Array; readonly ip4: number }[];
}

export interface Ip6Config {
  /** The network of the inside, 64 bits of it, and ours in it: 16 bytes each. */
  readonly prefix: Uint8Array;
  readonly address: Uint8Array;
  /** Ours on the outside, and who leads on from there: of the link, or of its network. */
  readonly outside: Uint8Array;
  readonly router: Uint8Array;
  /** Questions on the outside about addresses of the inside are answered with ours (RFC 4389). */
  readonly isProxy?: boolean;
  /** A name server that routers' advertisements tell of. */
  readonly dns?: Uint8Array;
}

export interface GatewayConfig {
  readonly inside: SideConfig;
  readonly outside: SideConfig & {
    /** The switch's number of the uplink. */
    readonly port: number;
    /** Who leads on from there. */
    readonly router: number;
  };
  /** Guests go out as the outer address; else the outside routes to them. */
  readonly isTranslating: boolean;
  readonly forwards?: readonly Forward[];
  readonly dhcp?: DhcpConfig;
  /** The name server behind ours. */
  readonly dns?: number;
  readonly ip6?: Ip6Config;
}

export const maskOf = (bits: number): number => (bits === 0 ? 0 : (-1 << (32 - bits)) >>> 0);

/** Whether both addresses are of one network. */
export const isNear = (a: number, b: number, bits: number): boolean =>
  ((a ^ b) & maskOf(bits)) === 0;

const isU32 = (value: number): boolean =>
  Number.isInteger(value) && value >= 0 && value <= 0xffff_ffff;
const isPort = (value: number): boolean => Number.isInteger(value) && value > 0 && value < 65_536;

/** EINVAL: what of it makes no sense. */
export function checkConfig(config: GatewayConfig): Result<void> {
  const { inside, outside, forwards = [], dhcp, ip6 } = config;
  for (const { mac, ip4, bits, mtu } of [inside, outside]) {
    if (mac.length !== 6 || ((mac[0] as number) & 1) !== 0) return fail('EINVAL', 'a MAC address');
    if (!isU32(ip4) || ip4 === 0) return fail('EINVAL', 'an address of ours');
    if (!Number.isInteger(bits) || bits < 1 || bits > 32) return fail('EINVAL', 'a network');
    // The least that IPv4 and IPv6 ask of a link (RFC 791, RFC 8200 5).
    if (!Number.isInteger(mtu) || mtu < (ip6 ? 1280 : 576) || mtu > 65_535) {
      return fail('EINVAL', `an MTU of ${mtu}`);
    }
  }
  if (isNear(inside.ip4, outside.ip4, Math.min(inside.bits, outside.bits))) {
    return fail('EINVAL', 'one network on both sides');
  }
  if (forwards.length > FORWARDS_MAX) return fail('EINVAL', `more than ${FORWARDS_MAX} forwards`);
  for (const { protocol, port, ip4, toPort } of forwards) {
    const isSound = (protocol === 6 || protocol === 17) && isPort(port) && isPort(toPort);
    if (!isSound || !isNear(ip4, inside.ip4, inside.bits)) return fail('EINVAL', 'a forward');
  }
  if (dhcp !== undefined) {
    const { first, last, reserved = [] } = dhcp;
    const all = [first, last, ...reserved.map(({ ip4 }) => ip4)];
    if (last < first || last - first >= LEASES_MAX || reserved.length > LEASES_MAX) {
      return fail('EINVAL', `more than ${LEASES_MAX} addresses, or fewer than one`);
    }
    if (!all.every((ip4) => isU32(ip4) && isNear(ip4, inside.ip4, inside.bits))) {
      return fail('EINVAL', 'addresses of DHCP in another network');
    }
  }
  const addresses = ip6 ? [ip6.prefix, ip6.address, ip6.outside, ip6.router] : [];
  if (addresses.some(({ length }) => length !== 16)) return fail('EINVAL', 'an address of IPv6');
  return ok();
}
