/** The pipe keeps every byte in order, however it is cut. */

import { describe, expect, it } from 'vitest';
import { prng } from '../../core/prng.ts';
import type { Failure } from '../../core/result.ts';
import type { XenstoreTransport } from '../xenstore.ts';
import { pipe } from './pipe.ts';
import { createSim } from './sim.ts';

function setup(seed: number, maxChunk = 8) {
  const sim = createSim({ seed });
  return { sim, ...pipe({ clock: sim.dom0.clock, seed, maxChunk, maxDelayMs: 2 }) };
}

/** What arrives at an end. */
function record(end: XenstoreTransport) {
  const seen = { bytes: [] as number[], chunks: [] as number[], closes: [] as unknown[] };
  end.receive(
    (chunk) => {
      seen.bytes.push(...chunk);
      seen.chunks.push(chunk.length);
    },
    (reason) => seen.closes.push(reason),
  );
  return seen;
}

describe('pipe', () => {
  it.each([1, 2, 3])('carries bytes both ways in order, seed %i', async (seed) => {
    const { sim, client, server } = setup(seed);
    const [atClient, atServer] = [record(client), record(server)];
    const rng = prng(seed);
    const sent = { up: [] as number[], down: [] as number[] };
    for (let i = 0; i < 100; i++) {
      const bytes = Array.from({ length: rng.below(40) }, () => rng.below(256));
      const up = rng.chance(0.5);
      (up ? client : server).write(Uint8Array.from(bytes));
      (up ? sent.up : sent.down).push(...bytes);
      if (rng.chance(0.3)) await sim.advance(1);
    }
    await sim.settle();
    expect(atServer.bytes).toEqual(sent.up);
    expect(atClient.bytes).toEqual(sent.down);
    expect(Math.max(...atServer.chunks)).toBeLessThanOrEqual(8);
    expect(new Set(atServer.chunks).size).toBeGreaterThan(4);
  });

  it('cuts the same way with the same seed, and otherwise with another', async () => {
    const cut = async (seed: number) => {
      const { sim, client, server } = setup(seed);
      const seen = record(server);
      client.write(new Uint8Array(300));
      await sim.settle();
      return seen.chunks;
    };
    expect(await cut(1)).toEqual(await cut(1));
    expect(await cut(1)).not.toEqual(await cut(2));
  });

  it('keeps what arrives before there is a receiver', async () => {
    const { sim, client, server } = setup(1);
    client.write(Uint8Array.of(1, 2, 3));
    client.close();
    await sim.settle();
    const seen = record(server);
    await sim.settle();
    expect(seen).toMatchObject({ bytes: [1, 2, 3], closes: [undefined] });
  });

  it('takes a copy of what is written', async () => {
    const { sim, client, server } = setup(1);
    const seen = record(server);
    const bytes = Uint8Array.of(1, 2, 3);
    client.write(bytes);
    bytes.fill(9);
    await sim.settle();
    expect(seen.bytes).toEqual([1, 2, 3]);
  });

  it.each(['client', 'server'] as const)(
    'ends both sides once when the %s closes',
    async (side) => {
      const { sim, ...ends } = setup(1);
      const far = side === 'client' ? ends.server : ends.client;
      const [atNear, atFar] = [record(ends[side]), record(far)];
      ends[side].write(new Uint8Array(50));
      ends[side].close();
      ends[side].close();
      ends[side].write(Uint8Array.of(1));
      expect([atNear.closes, atFar.closes]).toEqual([[], []]);
      await sim.settle();
      far.write(Uint8Array.of(1));
      far.close();
      await sim.settle();
      expect(atFar).toMatchObject({ bytes: new Array(50).fill(0), closes: [undefined] });
      expect(atNear).toMatchObject({ bytes: [], closes: [undefined] });
      expect(sim.leaks()).toEqual([]);
    },
  );

  it('breaks with a reason, and what is under way is lost', async () => {
    const { sim, client, server, break: cut } = setup(1);
    const [atClient, atServer] = [record(client), record(server)];
    client.write(new Uint8Array(500));
    await sim.advance(3);
    const reason: Failure = { errno: 'EPIPE', what: 'the other side died' };
    cut(reason);
    await sim.settle();
    expect(atServer.closes).toEqual([reason]);
    expect(atClient.closes).toEqual([reason]);
    expect(atServer.bytes.length).toBeLessThan(500);
    expect(sim.leaks()).toEqual([]);
  });
});
