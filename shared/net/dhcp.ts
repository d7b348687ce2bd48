/** DHCP for IPv4 (RFC 2131, 2132): a message's places, and its options one behind the other. */

import { getU16, getU32 } from '../core/big-endian.ts';
import { NONE } from './packet.ts';

export const DHCP_REQUEST = 1;
export const DHCP_REPLY = 2;

/** Bytes in front of the options, with the magic number; the least that a client must take. */
export const DHCP_FIXED_BYTES = 240;
export const DHCP_BYTES_MIN = 300;

/** Types of messages. */
export const DHCP_DISCOVER = 1;
export const DHCP_OFFER = 2;
export const DHCP_ASK = 3;
export const DHCP_DECLINE = 4;
export const DHCP_ACK = 5;
export const DHCP_NAK = 6;
export const DHCP_RELEASE = 7;
export const DHCP_INFORM = 8;

/** Options. */
export const OPTION_MASK = 1;
export const OPTION_ROUTER = 3;
export const OPTION_DNS = 6;
export const OPTION_MTU = 26;
export const OPTION_WANTED = 50;
export const OPTION_LEASE = 51;
export const OPTION_OVERLOAD = 52;
export const OPTION_TYPE = 53;
export const OPTION_SERVER = 54;
export const OPTION_RENEW = 58;
export const OPTION_REBIND = 59;
export const OPTION_END = 255;

/** Places within a message. */
export const DHCP_XID = 4;
export const DHCP_FLAGS = 10;
export const DHCP_CLIENT_IP = 12;
export const DHCP_YOUR_IP = 16;
export const DHCP_RELAY_IP = 24;
export const DHCP_CLIENT_MAC = 28;
const SERVER_NAME = 44;
const FILE = 108;
const MAGIC = 236;
const MAGIC_VALUE = 0x6382_5363;

/** What a server needs of a message; addresses are u32, 0 where there is none. */
export interface Dhcp {
  operation: number;
  xid: number;
  flags: number;
  clientIp: number;
  relayIp: number;
  /** Where the client's hardware address is. */
  clientMac: number;
  type: number;
  wantedIp: number;
  serverIp: number;
}

export function createDhcp(): Dhcp {
  return {
    operation: 0,
    xid: 0,
    flags: 0,
    clientIp: 0,
    relayIp: 0,
    clientMac: 0,
    type: 0,
    wantedIp: 0,
    serverIp: 0,
  };
}

/** The message from `at` to `end`; false: it is none, or contradicts itself. */
export function parseDhcp(dhcp: Dhcp, bytes: Uint8Array, at: number, end: number): boolean {
  if (at + DHCP_FIXED_BYTES > end || end > bytes.length) return false;
  if (getU32(bytes, at + MAGIC) !== MAGIC_VALUE) return false;
  // Ethernet, and addresses of six bytes.
  if (bytes[at + 1] !== 1 || bytes[at + 2] !== 6) return false;
  dhcp.operation = bytes[at] as number;
  dhcp.xid = getU32(bytes, at + DHCP_XID);
  dhcp.flags = getU16(bytes, at + DHCP_FLAGS);
  dhcp.clientIp = getU32(bytes, at + DHCP_CLIENT_IP);
  dhcp.relayIp = getU32(bytes, at + DHCP_RELAY_IP);
  dhcp.clientMac = at + DHCP_CLIENT_MAC;
  dhcp.type = 0;
  dhcp.wantedIp = 0;
  dhcp.serverIp = 0;
  const overload = readOptions(dhcp, bytes, at + DHCP_FIXED_BYTES, end);
  if (overload === NONE) return false;
  // What is put into the fields of names counts as options behind the others (RFC 2131 4.1).
  if ((overload & 1) !== 0 && readOptions(dhcp, bytes, at + FILE, at + MAGIC) === NONE)
    return false;
  if ((overload & 2) !== 0 && readOptions(dhcp, bytes, at + SERVER_NAME, at + FILE) === NONE) {
    return false;
  }
  return dhcp.type !== 0;
}

/** Which other fields hold options; NONE: they contradict themselves. */
function readOptions(dhcp: Dhcp, bytes: Uint8Array, from: number, end: number): number {
  let overload = 0;
  let at = from;
  while (at < end) {
    const option = bytes[at] as number;
    if (option === OPTION_END) break;
    if (option === 0) {
      at++;
      continue;
    }
    const size = at + 1 < end ? (bytes[at + 1] as number) : 255;
    const value = at + 2;
    if (value + size > end) return NONE;
    at = value + size;
    if (option === OPTION_TYPE && size === 1) dhcp.type = bytes[value] as number;
    else if (option === OPTION_OVERLOAD && size === 1) overload = bytes[value] as number;
    else if (option === OPTION_WANTED && size === 4) dhcp.wantedIp = getU32(bytes, value);
    else if (option === OPTION_SERVER && size === 4) dhcp.serverIp = getU32(bytes, value);
  }
  return overload;
}

/** The magic number, where a message's is. */
export const DHCP_MAGIC = { at: MAGIC, value: MAGIC_VALUE } as const;
