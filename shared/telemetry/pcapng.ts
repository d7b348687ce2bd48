/**
 * Captures as pcapng, which Wireshark reads (draft-ietf-opsawg-pcapng: section header, interface
 * description, enhanced packet and interface statistics blocks). Little endian, one interface of
 * Ethernet, times in nanoseconds.
 */

import { toLatin1 } from '../core/text.ts';
import { utf8 } from '../core/utf8.ts';

const SECTION = 0x0a0d0d0a;
const INTERFACE = 1;
const STATISTICS = 5;
const PACKET = 6;

const BYTE_ORDER = 0x1a2b3c4d;
const LINKTYPE_ETHERNET = 1;

/** Options, by block. */
const OPT_END = 0;
const SHB_USERAPPL = 4;
const IF_NAME = 2;
const IF_DESCRIPTION = 3;
const IF_TSRESOL = 9;
const EPB_FLAGS = 2;
const ISB_IFRECV = 4;
const ISB_IFDROP = 5;

/** 10^-9 s. */
const NANOSECONDS = 9;

/** Of a packet's flags. */
export const INBOUND = 1;
export const OUTBOUND = 2;
export const TO_HOST = 1 << 2;
export const TO_GROUP = 2 << 2;
export const TO_ALL = 3 << 2;
export const TO_OTHER = 4 << 2;
export const CHECKSUM_NOT_READY = 1 << 9;
export const TO_BE_SEGMENTED = 1 << 11;

const padded = (bytes: number): number => (bytes + 3) & ~3;

interface Option {
  readonly code: number;
  readonly value: Uint8Array;
}

const textOption = (code: number, text: string): Option => ({
  ...{ code, value: toLatin1(utf8(text)) },
});

/** A whole block: its type, its own fields, and options. */
function block(type: number, fields: Uint8Array, options: readonly Option[]): Uint8Array {
  const sizes = options.map(({ value }) => 4 + padded(value.length));
  const size = 12 + fields.length + sizes.reduce((sum, each) => sum + each, 0) + 4;
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, type, true);
  view.setUint32(4, size, true);
  bytes.set(fields, 8);
  let at = 8 + fields.length;
  for (const { code, value } of options) {
    view.setUint16(at, code, true);
    view.setUint16(at + 2, value.length, true);
    bytes.set(value, at + 4);
    at += 4 + padded(value.length);
  }
  view.setUint32(at, OPT_END, true);
  view.setUint32(at + 4, size, true);
  return bytes;
}

function words(...values: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(values.length * 4);
  const view = new DataView(bytes.buffer);
  for (const [i, value] of values.entries()) view.setUint32(i * 4, value, true);
  return bytes;
}

/** The first block of a file. */
export function sectionBlock(application: string): Uint8Array {
  // Of a length that is not known.
  const fields = words(BYTE_ORDER, 1, 0xffff_ffff, 0xffff_ffff);
  return block(SECTION, fields, [textOption(SHB_USERAPPL, application)]);
}

/** The second one: what packets are of. */
export function interfaceBlock(name: string, description: string): Uint8Array {
  return block(INTERFACE, words(LINKTYPE_ETHERNET, 0), [
    textOption(IF_NAME, name),
    textOption(IF_DESCRIPTION, description),
    { code: IF_TSRESOL, value: Uint8Array.of(NANOSECONDS) },
  ]);
}

/** The last one: how many packets there were, and how many could not be kept. */
export function statisticsBlock(atMs: number, received: number, dropped: number): Uint8Array {
  const counter = (code: number, value: number): Option => {
    return { code, value: words(value, value / 2 ** 32) };
  };
  const ns = BigInt(Math.floor(atMs)) * 1_000_000n;
  const fields = words(0, Number(ns >> 32n), Number(ns & 0xffff_ffffn));
  return block(STATISTICS, fields, [counter(ISB_IFRECV, received), counter(ISB_IFDROP, dropped)]);
}

/** Where a packet's bytes begin in its block, and what is behind them and their padding. */
export const PACKET_DATA_AT = 28;
const BEHIND_BYTES = 16;

/** At most so long is the block of a packet of `captured` bytes. */
export const packetBlockBytes = (captured: number): number =>
  PACKET_DATA_AT + padded(captured) + BEHIND_BYTES;

export interface PacketInfo {
  readonly seconds: number;
  readonly nanoseconds: number;
  /** Its bytes that lie in the block, and those that it had. */
  readonly captured: number;
  readonly length: number;
  readonly flags: number;
}

/** Makes a block at `at` around a packet's bytes, which lie in it; where the next begins. */
export function putPacket(view: DataView, at: number, packet: PacketInfo): number {
  const { seconds, nanoseconds, captured, length, flags } = packet;
  const size = packetBlockBytes(captured);
  // 64 bits of nanoseconds, in pieces that are exact.
  const high = Math.floor(seconds / 65_536) * 1_000_000_000;
  const low = (high % 65_536) * 65_536 + (seconds % 65_536) * 1_000_000_000 + nanoseconds;
  const data = at + PACKET_DATA_AT;
  view.setUint32(at, PACKET, true);
  view.setUint32(at + 4, size, true);
  view.setUint32(at + 8, 0, true);
  view.setUint32(at + 12, Math.floor(high / 65_536) + Math.floor(low / 2 ** 32), true);
  view.setUint32(at + 16, low % 2 ** 32, true);
  view.setUint32(at + 20, captured, true);
  view.setUint32(at + 24, length, true);
  for (let i = captured; i < padded(captured); i++) view.setUint8(data + i, 0);
  const behind = data + padded(captured);
  view.setUint16(behind, EPB_FLAGS, true);
  view.setUint16(behind + 2, 4, true);
  view.setUint32(behind + 4, flags, true);
  view.setUint32(behind + 8, OPT_END, true);
  view.setUint32(behind + 12, size, true);
  return at + size;
}
