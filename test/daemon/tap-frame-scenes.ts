/** Scenes of frames through TAPs, each in a network namespace of its own: tap.test.ts runs them. */

import { deepEqual, equal, notEqual, ok } from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { prng } from '../../shared/core/prng.ts';
import { NET_HEADER_BYTES } from '../../shared/platform/net-io.ts';
import { tcpFrame, udpFrame, udpSum } from './tap-frames.ts';
import * as scene from './tap-scene.ts';

const { close, frame, ip, open, openBridged, receive, receiveAll, send } = scene;

async function bothWays(engine: 'uring' | 'calls'): Promise<void> {
  const [one, other] = await openBridged({ engine });
  const random = prng(1);
  for (const [from, to] of [
    [one, other],
    [other, one],
    [one, other],
  ] as const) {
    const sent = Array.from({ length: 100 }, (_, i) =>
      frame(46 + random.below(1400), (at) => (at * 7 + i) & 0xff),
    );
    for (const bytes of sent) ok(send(from, bytes));
    deepEqual(await receiveAll(to, sent.length), sent);
    deepEqual([receive(from), receive(to)], [[], []]);
  }
  deepEqual([one.tap.lost(), other.tap.lost()], [0, 0]);
  close(one);
  close(other);
}

/** Many in one call, in order, each in its slot. */
async function batches(): Promise<void> {
  const [one, other] = await openBridged();
  const { tap, region } = one;
  const sent = Array.from({ length: 300 }, (_, i) => frame(60, (at) => (i * 5 + at) & 0xff));
  let at = 0;
  for (const bytes of sent) {
    region.bytes.set(bytes, at);
    ok(tap.tx(0, region, at, bytes.length));
    at += bytes.length;
  }
  const got = receive(other);
  // The last ones only now.
  ok(got.length < sent.length);
  tap.submit();
  // Rooms of all sizes.
  for (let slots = 1; got.length < sent.length; slots = (slots % 16) + 1) {
    got.push(...receive(other, 0, slots));
  }
  deepEqual(got, sent);
  close(one);
  close(other);
}

/** 64 KiB of TCP that is cut nowhere on its way, with a checksum that nobody has completed. */
async function large(version: 4 | 6): Promise<void> {
  const [one, other] = await openBridged();
  // The largest that a vif's slots can tell of.
  for (const bytes of [20_000, 65_000, 65_535 - 54]) {
    const sent = tcpFrame(version, bytes, 1448);
    ok(send(one, sent));
    const [got] = (await receiveAll(other, 1)) as [Buffer];
    // How long its headers are is the sender's guess and the kernel's knowledge.
    sent.copy(got, 2, 2, 4);
    equal(Buffer.compare(got, sent), 0);
  }
  close(one);
  close(other);
}

/** What no kernel takes is counted, and what follows passes. */
async function malformed(engine: 'uring' | 'calls'): Promise<void> {
  const [one, other] = await openBridged({ engine });
  const good = frame(100, (i) => i);
  const spoil = (change: (header: Buffer) => void): Buffer => {
    const bytes = tcpFrame(4, 4000, 1448);
    change(bytes);
    return bytes;
  };
  const bad = [
    spoil((header) => header.writeUInt16LE(0, 4)),
    spoil((header) => header.writeUInt16LE(60_000, 6)),
    spoil((header) => header.writeUInt8(0x17, 1)),
    good.subarray(0, NET_HEADER_BYTES + 8),
  ];
  for (const bytes of bad) {
    const taken = send(one, bytes);
    if (engine === 'calls') equal(taken, false);
    ok(send(one, good));
  }
  deepEqual(
    await receiveAll(other, bad.length),
    bad.map(() => good),
  );
  equal(one.tap.lost(), engine === 'uring' ? bad.length : 0);
  close(one);
  close(other);
}

/** The host's own stack leaves checksums blank, and takes blank ones. */
async function blankChecksums(): Promise<void> {
  scene.noIpv6();
  const one = open('vif1.0');
  ip('addr add 10.9.0.1/24 dev vif1.0');
  ip('neigh add 10.9.0.2 lladdr 02:00:00:00:00:01 dev vif1.0');
  const socket = createSocket('udp4');
  socket.bind(7000, '10.9.0.1');
  await once(socket, 'listening');
  socket.send(Buffer.alloc(500, 0x5a), 9, '10.9.0.2');
  const [got] = (await receiveAll(one, 1)) as [Buffer];
  deepEqual([got[0], got.readUInt16LE(6), got.readUInt16LE(8)], [1, 34, 6]);
  notEqual(udpSum(got), 0xffff);
  const at = NET_HEADER_BYTES + 34 + 6;
  const pseudo = got.readUInt16BE(at);
  got.writeUInt16BE(0, at);
  got.writeUInt16BE(0xffff - udpSum(got), at);
  equal(udpSum(got), 0xffff);
  notEqual(got.readUInt16BE(at), pseudo);

  const mac = Buffer.from(one.tap.mac);
  const blank = udpFrame(mac, [10, 9, 0, 2], [10, 9, 0, 1], 7000, Buffer.from('to the host'));
  const heard = once(socket, 'message');
  ok(send(one, blank));
  equal(String((await heard)[0]), 'to the host');
  socket.close();
  close(one);
}

/** Each frame comes out of one queue, and flows are spread over them. */
async function queues(): Promise<void> {
  scene.noIpv6();
  const one = open('vif1.0', { queues: 4 });
  equal(one.tap.queues, 4);
  ip('addr add 10.9.0.1/24 dev vif1.0');
  ip('neigh add 10.9.0.2 lladdr 02:00:00:00:00:01 dev vif1.0');
  const socket = createSocket('udp4');
  socket.bind(7000, '10.9.0.1');
  await once(socket, 'listening');
  const ports = Array.from({ length: 64 }, (_, i) => 1000 + i);
  const sent = ports.map((port) => new Promise((told) => socket.send('x', port, '10.9.0.2', told)));
  await Promise.all(sent);
  const byQueue = [0, 1, 2, 3].map((queue) =>
    receive(one, queue).map((bytes) => bytes.readUInt16BE(NET_HEADER_BYTES + 36)),
  );
  deepEqual(
    byQueue.flat().sort((a, b) => a - b),
    ports,
  );
  ok(byQueue.filter((each) => each.length > 0).length > 1);
  const told = scene.wanted(one, 2);
  for (let port = 2000; port < 2200; port++) socket.send('x', port, '10.9.0.2');
  await told;
  ok(receive(one, 2).length > 0);
  const heard = once(socket, 'message');
  const mac = Buffer.from(one.tap.mac);
  ok(send(one, udpFrame(mac, [10, 9, 0, 2], [10, 9, 0, 1], 7000, Buffer.from('hi')), 3));
  await heard;
  socket.close();
  close(one);
}

/** Nobody reads: the kernel keeps so many, and drops what comes later. */
async function fullQueue(): Promise<void> {
  const [one, other] = await openBridged();
  ip('link set vif2.0 txqueuelen 32');
  const numbered = (n: number): Buffer => frame(60, (at) => (at === 0 ? n : at));
  for (let n = 0; n < 200; n++) ok(send(one, numbered(n)));
  const got = receive(other);
  deepEqual(
    got,
    Array.from({ length: 32 }, (_, n) => numbered(n)),
  );
  ok(send(one, numbered(7)));
  deepEqual(await receiveAll(other, 1), [numbered(7)]);
  close(one);
  close(other);
}

/** Slots that a frame does not fit in have none. */
async function smallSlots(): Promise<void> {
  const [one, other] = await openBridged();
  const sizes = [50, 1000, 60, 246, 70];
  for (const size of sizes)
    ok(
      send(
        one,
        frame(size, () => size),
      ),
    );
  const lengths = new Uint32Array(8);
  const room = 10 + 14 + 246;
  equal(other.tap.rx(0, other.region, 0, room, lengths, 8), 3);
  deepEqual([...lengths.subarray(0, 3)], [74, 84, 94]);
  const starts = [0, 1, 2].map((i) => other.region.bytes[i * room + 24]);
  deepEqual([starts, other.tap.lost()], [[50, 60, 70], 2]);
  close(one);
  close(other);
}

/** It is told once, whoever does not ask is not told, and nobody spins. */
async function wants(): Promise<void> {
  const [one, other] = await openBridged();
  let told = 0;
  other.tap.want(0, () => void told++);
  await sleep(50);
  equal(told, 0);
  for (let i = 0; i < 3; i++)
    ok(
      send(
        one,
        frame(50, (at) => at),
      ),
    );
  await sleep(50);
  equal(told, 1);
  const { user, system } = process.cpuUsage();
  await sleep(300);
  const used = process.cpuUsage();
  ok(used.user - user + used.system - system < 100_000);
  // They are there already.
  await scene.wanted(other);
  equal(receive(other).length, 3);
  ok(
    send(
      one,
      frame(50, (at) => at),
    ),
  );
  await scene.wanted(other);
  close(one);
  close(other);
}

export const frameScenes: Readonly<Record<string, () => Promise<void>>> = {
  'frames pass both ways, by io_uring': () => bothWays('uring'),
  'frames pass both ways, by a call for each': () => bothWays('calls'),
  'many at a time keep their order': batches,
  '64 KiB of TCP over IPv4 pass whole': () => large(4),
  '64 KiB of TCP over IPv6 pass whole': () => large(6),
  'malformed frames are refused and counted, by io_uring': () => malformed('uring'),
  'malformed frames are refused and counted, by a call for each': () => malformed('calls'),
  'checksums are left blank both ways': blankChecksums,
  'several queues': queues,
  'a queue that is full': fullQueue,
  'slots that are too small': smallSlots,
  'who wants frames is told once': wants,
};
