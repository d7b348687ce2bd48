/** shared/vchan with Xen's own library at the other end, in a process of its own. */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { domid, gref, port } from '../../../shared/core/ids.ts';
import { type Prng, prng } from '../../../shared/core/prng.ts';
import { must } from '../../../shared/core/result.ts';
import { joinVchan } from '../../../shared/vchan/join.ts';
import { ordersFor } from '../../../shared/vchan/layout.ts';
import { offerVchan } from '../../../shared/vchan/offer.ts';
import type { OpenedVchan } from '../../../shared/vchan/opened.ts';
import { createVchan, type Vchan } from '../../../shared/vchan/vchan.ts';
import { byteAt } from '../../sim/vchan/ends.ts';
import { compilePeer, type Neighbour, openNeighbour } from './two-processes.ts';

const OTHER = domid(1);

let work: string;
let program: string;
beforeAll(async () => {
  work = mkdtempSync(join(tmpdir(), 'xtl-vchan-peer-'));
  program = await compilePeer(work);
}, 300_000);
afterAll(() => rmSync(work, { recursive: true }));

type Mode = 'stream' | 'packet';

/** As in peer.c: of packets both ends know the sizes. */
function sizesOf(mode: Mode, ringBytes: number, random: Prng): (left: number) => number {
  let number = 0;
  return (left) => {
    const draw = mode === 'packet' ? Math.imul(++number, 0x9e3779b1) >>> 4 : random.next();
    return Math.min(left, 1 + ((draw >>> 3) % (draw % 3 === 0 ? ringBytes : 200)));
  };
}

async function sendAll(vchan: Vchan, mode: Mode, total: number, random: Prng): Promise<void> {
  const sizeOf = sizesOf(mode, vchan.writeBytes, random);
  for (let sent = 0; sent < total; ) {
    const size = sizeOf(total - sent);
    const bytes = Uint8Array.from({ length: size }, (_, i) => byteAt(2, sent + i));
    must(await (mode === 'packet' ? vchan.send(bytes) : vchan.write(bytes)));
    sent += size;
  }
}

async function receiveAll(vchan: Vchan, mode: Mode, total: number, random: Prng): Promise<void> {
  const sizeOf = sizesOf(mode, vchan.readBytes, random);
  for (let got = 0; got < total; ) {
    const into = new Uint8Array(sizeOf(total - got));
    let count = into.length;
    if (mode === 'packet') expect(must(await vchan.recv(into))).toBe(true);
    else count = must(await vchan.read(into));
    expect(count).toBeGreaterThan(0);
    for (let i = 0; i < count; i++) {
      if (into[i] !== byteAt(1, got + i)) throw new Error(`byte ${got + i} is ${into[i]}`);
    }
    got += count;
  }
}

interface Row {
  readonly mode: Mode;
  /** Bytes that the server wants at least. */
  readonly readMin: number;
  readonly writeMin: number;
  /** What each end sends. */
  readonly bytes: number;
}

const bothWays = ({ mode, bytes }: Row, vchan: Vchan, seed: number): Promise<unknown> =>
  Promise.all([
    sendAll(vchan, mode, bytes, prng(seed)),
    receiveAll(vchan, mode, bytes, prng(seed + 1)),
  ]);

function argsOf(role: string, { mode, readMin, writeMin, bytes }: Row, seed: number) {
  const numbers = [readMin, writeMin, seed, bytes, bytes].map(String);
  return (path: string) => [role, mode, path, ...numbers];
}

/** Ours serves; C's client comes, and stays until we leave. */
async function serveC(row: Row, seed: number, neighbour: Neighbour): Promise<void> {
  const { ports, path } = neighbour;
  const offered = must(offerVchan(ports, OTHER, must(ordersFor(row.readMin, row.writeMin))));
  const vchan = createVchan(ports.events, offered, 'C');
  writeFileSync(join(path, 'ring-ref'), String(offered.ringRef));
  writeFileSync(join(path, 'event-channel'), String(offered.port));
  const { read, write } = offered.end;
  const line = await neighbour.start(argsOf('client', row, seed));
  expect(line).toBe(`${Math.log2(write.size)} ${Math.log2(read.size)}`);
  await vchan.joined;
  await bothWays(row, vchan, seed);
  vchan.close();
  expect(await neighbour.exited()).toBe(0);
}

/** C serves and leaves first: what it has written is still there. */
async function joinC(row: Row, seed: number, neighbour: Neighbour): Promise<void> {
  const { ports, path } = neighbour;
  const line = await neighbour.start(argsOf('server', row, seed));
  const key = (name: string): number => Number(readFileSync(join(path, name), 'utf8'));
  const opened: OpenedVchan = must(
    joinVchan(ports, OTHER, gref(key('ring-ref')), port(key('event-channel'))),
  );
  const { read, write } = opened.end;
  expect(line).toBe(`${Math.log2(write.size)} ${Math.log2(read.size)}`);
  const orders = must(ordersFor(row.readMin, row.writeMin));
  expect([write.size, read.size]).toEqual([1 << orders.left, 1 << orders.right]);
  const vchan = createVchan(ports.events, opened, 'C');
  await bothWays(row, vchan, seed);
  expect(await vchan.ended).toMatchObject({ errno: 'EPIPE' });
  expect(must(await vchan.read(new Uint8Array(10)))).toBe(0);
  expect(await vchan.write(new Uint8Array(10))).toMatchObject({ error: { errno: 'EPIPE' } });
  vchan.close();
  expect(await neighbour.exited()).toBe(0);
}

const K = 1024;
const SIZES = [
  [0, 0, 300 * K],
  [2 * K, K, 300 * K],
  [2 * K, 2 * K, 400 * K],
  [4 * K, 4 * K, K * K],
  [8 * K, 16 * K, K * K],
  [32 * K, 64 * K, 2 * K * K],
  [128 * K, 256 * K, 2 * K * K],
  [512 * K, K * K, 4 * K * K],
  [K * K, 100, K * K],
];
const rows: Row[] = SIZES.flatMap(([readMin = 0, writeMin = 0, bytes = 0]) =>
  (['stream', 'packet'] as const).map((mode) => ({ mode, readMin, writeMin, bytes })),
);

describe.each([
  ['C’s client comes to ours', serveC],
  ['ours comes to C’s server', joinC],
] as const)('%s', (_, meet) => {
  it.each(rows)('a $mode, $readMin and $writeMin bytes', async (row) => {
    const neighbour = openNeighbour(program);
    try {
      await meet(row, row.readMin + row.writeMin + row.mode.length, neighbour);
    } finally {
      neighbour.close();
    }
  });
});
