/** Captures of real interfaces, in a network namespace that the test makes. */

import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { execa } from 'execa';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openCapture } from '../../shared/platform/unix/packet-capture.ts';
import { type Pcapng, type PcapngPacket, readPcapng } from '../lab/pcapng-reader.ts';
import { isRight, type Layers, layersOf } from './checksums.ts';

const root = new URL('../..', import.meta.url).pathname;
const [TCP, UDP] = [6, 17];
const [INBOUND, OUTBOUND, SEGMENTED] = [1, 2, 1 << 11];

let dir: string;
let program: string;
beforeAll(async () => {
  // Beside node_modules, where koffi is found.
  dir = mkdtempSync(join(root, 'build', 'capture-'));
  program = join(dir, 'capture.mjs');
  await build({
    ...{ entryPoints: [join(root, 'test/daemon/capture-frames.main.ts')], bundle: true },
    ...{ outfile: program, platform: 'node', format: 'esm', packages: 'external' },
  });
});
afterAll(() => rmSync(dir, { recursive: true }));

/** As root of namespaces of its own, which end with it. */
async function captured(kind: string): Promise<{ read: Pcapng; said: string }> {
  const words = ['--map-root-user', '--net', 'node', program, kind];
  const { stdout, stderr } = await execa('unshare', words, { encoding: 'buffer' });
  return { read: readPcapng(stdout), said: new TextDecoder().decode(stderr) };
}

const isOf =
  (protocol: number) =>
  ({ data }: PcapngPacket): boolean =>
    layersOf(data)?.protocol === protocol;

it('frames of both directions come with the checksums that they are to have', async () => {
  const { read } = await captured('traffic');
  const { packets, statistics } = read;
  expect(statistics).toEqual({ received: BigInt(packets.length), dropped: 0n });
  const shouts = packets.filter(isOf(UDP)).map(({ data }) => {
    return new TextDecoder().decode((layersOf(data) as Layers).payload.subarray(8));
  });
  expect(shouts).toContain('to all');
  for (const packet of packets) {
    const layers = layersOf(packet.data);
    if (layers === undefined || ![TCP, UDP].includes(layers.protocol)) continue;
    expect(isRight(layers)).toBe(true);
    expect(packet.length).toBe(packet.data.length);
  }
  const stream = packets.filter(isOf(TCP));
  const sent = stream.filter(({ flags }) => (flags & 3) === OUTBOUND);
  expect(stream.some(({ flags }) => (flags & 3) === INBOUND)).toBe(true);
  // As the guest sends it, before it is cut.
  expect(sent.some(({ flags, length }) => (flags & SEGMENTED) !== 0 && length > 1514)).toBe(true);
  const bytes = sent.reduce((sum, { data }) => {
    const { payload } = layersOf(data) as Layers;
    return sum + payload.length - ((payload[12] ?? 0) >> 4) * 4;
  }, 0);
  expect(bytes).toBeGreaterThanOrEqual(1 << 20);
  const times = packets.map(({ ns }) => ns);
  expect(times).toEqual(times.toSorted((a, b) => (a < b ? -1 : 1)));
  // A clock's time of today, not of some timer.
  expect(Math.abs(Number((times[0] ?? 0n) / 1_000_000n) - Date.now())).toBeLessThan(3_600_000);
});

it('a tag that the kernel takes from a frame is in it', async () => {
  const { read } = await captured('tagged');
  const hex = read.packets.map(({ data }) => Buffer.from(data).toString('hex'));
  const to = 'ffffffffffff020000000001';
  expect(hex).toContain(`${to}8100600788b5${'5a'.repeat(60)}`);
});

it('an interface that goes ends its capture', async () => {
  const { read, said } = await captured('gone');
  expect(said).toBe('left is gone');
  expect(read.statistics?.dropped).toBe(0n);
});

it('one that is not there is told', async () => {
  expect(await openCapture('nowhere')).toEqual({
    ok: false,
    error: { errno: 'ENODEV', what: 'there is no network interface nowhere' },
  });
});
