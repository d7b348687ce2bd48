/**
 * Byte streams that no client sends: the store answers each packet once, stays sound, never
 * throws.
 */

import { describe, expect, it } from 'vitest';
import { type Prng, prng } from '../../../shared/core/prng.ts';
import { createDecoder, encodePacket } from '../../../shared/xenstore/wire.ts';
import type { Connection } from './connection.ts';
import { bench } from './testing.ts';

const WORDS = [
  '/',
  '/a',
  '/a/b',
  'data',
  '@releaseDomain',
  '/local/domain/1',
  'n0',
  'b1',
  'T',
  '1',
];

/** Mostly words with NULs, now and then anything. */
function randomPayload(random: Prng): Uint8Array {
  const bytes: number[] = [];
  const parts = random.below(5);
  for (let i = 0; i < parts; i++) {
    if (random.chance(0.2)) {
      for (let n = random.below(60); n > 0; n--) bytes.push(random.below(256));
    } else for (const c of random.pick(WORDS)) bytes.push(c.charCodeAt(0));
    if (random.chance(0.85)) bytes.push(0);
  }
  return Uint8Array.from(bytes);
}

function randomPacket(random: Prng): Uint8Array {
  const type = random.chance(0.95) ? random.below(28) : random.next();
  const txId = random.chance(0.7) ? 0 : random.chance(0.9) ? 1 + random.below(3) : random.next();
  return encodePacket(type, random.next(), txId, randomPayload(random));
}

/** How many packets lie in these bytes that are not watch events. */
function replies(bytes: Uint8Array): number {
  let count = 0;
  createDecoder((type) => {
    if (type !== 15) count++;
  }).push(bytes);
  return count;
}

function drain({ output }: Connection): number {
  const count = replies(output.peek().slice());
  output.consume(output.size());
  return count;
}

describe('random packets', () => {
  it.each(Array.from({ length: 20 }, (_, i) => i + 1))('are each answered, seed %d', (seed) => {
    const random = prng(seed);
    const { store, dom0, tool, guest } = bench({ quotas: { nodes: 30, memory: 20_000 } });
    const everybody = [dom0, tool(), guest(1), guest(2)].map(({ connection }) => connection);
    for (let step = 0; step < 500; step++) {
      const connection = random.pick(everybody);
      if (connection.ignored) continue;
      const packet = randomPacket(random);
      store.handle(
        connection,
        new DataView(packet.buffer).getUint32(0, true),
        step,
        new DataView(packet.buffer).getUint32(8, true),
        packet,
        16,
        packet.length,
      );
      expect(drain(connection)).toBe(connection.ignored ? 0 : 1);
      for (const other of everybody) if (random.chance(0.3)) expect(drain(other)).toBe(0);
      store.setTime(step * 50);
      if (step % 50 === 0) expect(store.check()).toEqual([]);
    }
    for (const connection of everybody) store.disconnect(connection);
    expect(store.state.watches.size()).toBe(0);
    expect(store.state.openTransactions).toBe(0);
  });
});

describe('a stream with broken bytes', () => {
  it.each(Array.from({ length: 20 }, (_, i) => i + 1))('hurts only its own, seed %d', (seed) => {
    const random = prng(seed);
    const { store, dom0, guest } = bench();
    const one = guest(1);
    const decoder = createDecoder((type, reqId, txId, bytes, start, end) => {
      store.handle(one.connection, type, reqId, txId, bytes, start, end);
      drain(one.connection);
    });
    for (let step = 0; step < 300; step++) {
      const packet = randomPacket(random);
      if (random.chance(0.3)) packet[random.below(packet.length)] = random.below(256);
      const cut = random.below(packet.length + 1);
      const pushed = [packet.subarray(0, cut), packet.subarray(cut)].map((part) =>
        decoder.push(part),
      );
      if (pushed.some((result) => !result.ok)) store.ignore(one.connection);
    }
    expect(store.check()).toEqual([]);
    expect(dom0.say('write', '/a', 'x')).toBe('OK|');
    expect(dom0.say('read', '/a')).toBe('x');
  });
});
