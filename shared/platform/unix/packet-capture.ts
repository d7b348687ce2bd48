/**
 * Captures by a packet socket whose ring of blocks the kernel fills (packet(7); tpacket_rcv in
 * net/packet/af_packet.c @ v6.12). Frames come as they pass the interface, offloads and all.
 */

import { decode, make } from '../../core/layout.ts';
import { fail, ok, type Result } from '../../core/result.ts';
import type { Capture, Frame, FrameReceiver, OpenCapture } from '../capture.ts';
import { PAGE_SIZE, type Region } from '../region.ts';
import { bind, lastFailure, once } from './ffi.ts';
import { libc, MAP_FAILED, PROT_READ, PROT_WRITE } from './libraries.ts';
import * as abi from './packet-socket-abi.ts';
import { createPoller, type Polled, type Poller } from './poller.ts';
import { Regions } from './regions.ts';

const MAP_SHARED = 1;

/** 8 MiB: some ten thousand small frames, or a hundred of the largest that are to be cut. */
const BLOCK_BYTES = 256 << 10;
const BLOCKS = 32;
const RING_BYTES = BLOCK_BYTES * BLOCKS;
/** Of no matter to this kind of ring, but to be said. */
const FRAME_BYTES = 2048;
/** A block that is not full is given after so long. */
const RETIRE_MS = 20;

const sockets = once(() =>
  bind('libc.so.6', {
    socket: ['int', 'int', 'int', 'int'],
    bind: ['int', 'int', 'void *', 'uint'],
    setsockopt: ['int', 'int', 'int', 'int', 'void *', 'uint'],
    getsockopt: ['int', 'int', 'int', 'int', 'void *', 'void *'],
    if_nametoindex: ['uint', 'void *'],
    if_indextoname: ['uintptr_t', 'uint', 'void *'],
    close: ['int', 'int'],
  }),
);

type Sockets = Extract<ReturnType<typeof sockets>, { ok: true }>['value'];

/** IF_NAMESIZE. */
const NAME_BYTES = 16;

const cText = (text: string): Uint8Array => new TextEncoder().encode(`${text}\0`);

/** Network byte order. */
const swapped = (value: number): number => ((value & 0xff) << 8) | (value >>> 8);

function setUp(calls: Sockets, fd: number, index: number): Result<void> {
  const option = (name: number, value: Uint8Array): boolean =>
    calls.setsockopt(fd, abi.SOL_PACKET, name, value, value.length) === 0;
  const int = (value: number): Uint8Array => new Uint8Array(Int32Array.of(value).buffer);
  const ring = make(abi.tpacketReq3, {
    ...{ tpBlockSize: BLOCK_BYTES, tpBlockNr: BLOCKS, tpFrameSize: FRAME_BYTES },
    ...{ tpFrameNr: RING_BYTES / FRAME_BYTES, tpRetireBlkTov: RETIRE_MS },
  });
  if (!option(abi.PACKET_VERSION, int(abi.TPACKET_V3))) return lastFailure('no ring for frames');
  if (!option(abi.PACKET_VNET_HDR, int(1))) return lastFailure('no headers of offloads');
  if (!option(abi.PACKET_RX_RING, ring)) return lastFailure('no memory for frames');
  const address = make(abi.sockaddrLl, {
    ...{ sllFamily: abi.AF_PACKET, sllProtocol: swapped(abi.ETH_P_ALL), sllIfindex: index },
  });
  if (calls.bind(fd, address, address.length) !== 0) return lastFailure('cannot listen to it');
  return ok();
}

interface Opened {
  readonly calls: Sockets;
  readonly fd: number;
  readonly index: number;
  readonly name: string;
  readonly ring: Region;
  readonly poller: Poller;
  close(): void;
}

/** Everything, or nothing. */
function open(name: string): Result<Opened> {
  const [found, system, polled] = [sockets(), libc(), createPoller()];
  if (!found.ok) return found;
  if (!system.ok) return system;
  if (!polled.ok) return polled;
  const [calls, poller] = [found.value, polled.value];
  const index = calls.if_nametoindex(cText(name));
  const kind = abi.SOCK_RAW | abi.SOCK_CLOEXEC | abi.SOCK_NONBLOCK;
  // Of no protocol until all is ready, so that nothing else comes.
  const fd = index === 0 ? -1 : calls.socket(abi.AF_PACKET, kind, 0);
  if (fd < 0) {
    poller.close();
    const none = fail('ENODEV', `there is no network interface ${name}`);
    return index === 0 ? none : lastFailure(`cannot capture ${name}: not permitted`);
  }
  const regions = new Regions();
  const closeSocket = (): void => {
    poller.close();
    for (const region of regions.all()) {
      const { address, pages } = regions.remove(region);
      system.value.munmap(address, pages * PAGE_SIZE);
    }
    calls.close(fd);
  };
  const ready = setUp(calls, fd, index);
  const address = ready.ok
    ? system.value.mmap(0, RING_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0)
    : 0;
  const mapped =
    ready.ok && BigInt(address) === MAP_FAILED ? lastFailure('cannot map frames') : ready;
  if (!mapped.ok) {
    closeSocket();
    return fail(mapped.error.errno, `cannot capture ${name}: ${mapped.error.what}`);
  }
  const ring = regions.add({ address, pages: RING_BYTES / PAGE_SIZE });
  return ok({ calls, fd, index, name, ring, poller, close: closeSocket });
}

type Writable<T> = { -readonly [K in keyof T]: T[K] };

const TO: Readonly<Record<number, Frame['to']>> = {
  [abi.PACKET_BROADCAST]: 'all',
  [abi.PACKET_MULTICAST]: 'group',
  [abi.PACKET_OTHERHOST]: 'other',
};

const VLAN_TYPE = 0x8100;

/** What the header at `at` says of a frame; where the next header is. */
function readFrame(view: DataView, at: number, frame: Writable<Frame>): number {
  const u32 = ({ at: field }: { at: number }): number => view.getUint32(at + field, true);
  const { fields } = abi.tpacket3Hdr;
  const kind = view.getUint8(at + abi.tpacket3Hdr.size + abi.sockaddrLl.fields.sllPkttype.at);
  const status = u32(fields.tpStatus);
  const tag = u32(fields.tpVlanTci) & 0xffff;
  const isTyped = (status & abi.TP_STATUS_VLAN_TPID_VALID) !== 0;
  const type = isTyped ? view.getUint16(at + fields.tpVlanTpid.at, true) : VLAN_TYPE;
  frame.at = at + view.getUint16(at + fields.tpMac.at, true);
  frame.captured = u32(fields.tpSnaplen);
  frame.length = u32(fields.tpLen);
  frame.seconds = u32(fields.tpSec);
  frame.nanoseconds = u32(fields.tpNsec);
  frame.isOutgoing = kind === abi.PACKET_OUTGOING;
  frame.to = TO[kind] ?? 'host';
  frame.vlan = (status & abi.TP_STATUS_VLAN_VALID) === 0 ? 0 : ((type << 16) | tag) >>> 0;
  const net = frame.at - abi.virtioNetHdr.size;
  const { flags, gsoType, csumStart, csumOffset } = abi.virtioNetHdr.fields;
  const isPartial = (view.getUint8(net + flags.at) & abi.VIRTIO_NET_HDR_F_NEEDS_CSUM) !== 0;
  const [start, offset] = [csumStart, csumOffset].map((f) => view.getUint16(net + f.at, true));
  frame.checksum = isPartial ? { start: start ?? 0, offset: offset ?? 0 } : undefined;
  frame.isSegmented = view.getUint8(net + gsoType.at) !== abi.VIRTIO_NET_HDR_GSO_NONE;
  return at + u32(fields.tpNextOffset);
}

function createReader({ ring }: Opened) {
  const view = new DataView(ring.bytes.buffer, ring.bytes.byteOffset, RING_BYTES);
  const frame: Writable<Frame> = {
    ...{ bytes: ring.bytes, at: 0, captured: 0, length: 0, seconds: 0, nanoseconds: 0 },
    ...{ isOutgoing: false, to: 'host', vlan: 0, checksum: undefined, isSegmented: false },
  };
  const { blockStatus, numPkts, offsetToFirstPkt } = abi.tpacketBlockDesc.fields;
  let block = 0;
  return {
    /** Reads the next block if it is there; it is the kernel's again after `release`. */
    next: (receiver: FrameReceiver): boolean => {
      const first = block * BLOCK_BYTES;
      const status = Atomics.load(ring.words, (first + blockStatus.at) / 4);
      if ((status & abi.TP_STATUS_USER) === 0) return false;
      let at = first + view.getUint32(first + offsetToFirstPkt.at, true);
      for (let left = view.getUint32(first + numPkts.at, true); left > 0; left--) {
        at = readFrame(view, at, frame);
        receiver.frame(frame);
      }
      return true;
    },
    release: (): void => {
      Atomics.store(ring.words, (block * BLOCK_BYTES + blockStatus.at) / 4, 0);
      block = (block + 1) % BLOCKS;
    },
  };
}

/** Whether what the socket fails by is the end of the interface. */
function isOver({ calls, fd, index, name }: Opened): string | undefined {
  const error = new Int32Array(1);
  calls.getsockopt(fd, abi.SOL_SOCKET, abi.SO_ERROR, error, Uint32Array.of(4));
  // One that is down may come again, and one that has another name is there.
  const isThere = calls.if_indextoname(index, new Uint8Array(NAME_BYTES)) !== 0;
  return isThere ? undefined : `${name} is gone`;
}

function captureOf(opened: Opened, polled: { now?: Polled }): Capture & { ready(): void } {
  const reader = createReader(opened);
  let receiver: FrameReceiver | undefined;
  let waiting: Promise<void> | undefined;
  /** All blocks that are there, as fast as they are taken. */
  const serve = async (): Promise<void> => {
    for (let i = 0; receiver !== undefined && i < BLOCKS && reader.next(receiver); i++) {
      await receiver.batch();
      reader.release();
    }
  };
  const ready = (): void => {
    if (waiting !== undefined) return;
    polled.now?.want(false, false);
    waiting = serve().finally(() => {
      waiting = undefined;
      polled.now?.want(true, false);
    });
  };
  return {
    ready,
    receive: (to) => {
      receiver = to;
      ready();
    },
    stop: async () => {
      await waiting;
      // What is in a block that is not full is given by then.
      await new Promise((resolve) => setTimeout(resolve, 3 * RETIRE_MS));
      await waiting;
      polled.now?.remove();
      delete polled.now;
      await serve();
      const raw = new Uint8Array(abi.tpacketStatsV3.size);
      const size = Uint32Array.of(raw.length);
      const { calls, fd } = opened;
      calls.getsockopt(fd, abi.SOL_PACKET, abi.PACKET_STATISTICS, raw, size);
      receiver = undefined;
      opened.close();
      return { dropped: decode(abi.tpacketStatsV3, raw).tpDrops };
    },
  };
}

export const openCapture: OpenCapture = async (name) => {
  const opened = open(name);
  if (!opened.ok) return opened;
  const polled: { now?: Polled; end?: (why: string) => void } = {};
  const capture = captureOf(opened.value, polled);
  const added = opened.value.poller.add(opened.value.fd, (readable, _, over) => {
    const why = over ? isOver(opened.value) : undefined;
    if (readable) capture.ready();
    if (why !== undefined) polled.end?.(why);
  });
  if (!added.ok) {
    opened.value.close();
    return added;
  }
  polled.now = added.value;
  return ok({
    stop: capture.stop,
    receive: (receiver) => {
      polled.end = (why) => receiver.end(why);
      capture.receive(receiver);
    },
  });
};
