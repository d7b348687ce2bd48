/** Hostile bytes to a service's connections, and values through the codec, by seed. */

import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { type Prng, prng } from '../../shared/core/prng.ts';
import { must } from '../../shared/core/result.ts';
import { decodeMessage, encodeMessage, HEADER_BYTES } from '../../shared/rpc/codec.ts';
import { type Message, toMessage, toValue } from '../../shared/rpc/messages.ts';
import { createRawPeer, HELLO } from '../sim/rpc/raw-peer.ts';
import { createScene, shop } from '../sim/rpc/scene.ts';
import type { World } from './target.ts';

const WORDS = ['', 'a', 'text', 'kind', '__proto__', 'constructor', 'red', '€'.repeat(40)];

/** Any plain value, within the limits of a message or not, of so many parts at most. */
function anyValue(random: Prng, room = { left: 400 }, depth = 0): unknown {
  const kind = random.below(depth > 18 || room.left <= 0 ? 7 : 10);
  if (kind === 0) return null;
  if (kind === 1) return random.chance(0.5);
  if (kind === 2) return random.below(300) - 150;
  if (kind === 3) return (random.next() - 2 ** 31) * 2 ** random.below(21);
  if (kind === 4) return random.next() / 7;
  if (kind === 5) return random.pick(WORDS).repeat(random.below(4));
  if (kind === 6) return Uint8Array.from({ length: random.below(40) }, () => random.next());
  const many = random.below(random.chance(0.05) ? 300 : 4);
  room.left -= many;
  const part = (): unknown => anyValue(random, room, depth + 1);
  if (kind === 7) return Array.from({ length: many }, part);
  const entries = Array.from({ length: many }, () => [random.pick(WORDS), part()]);
  return Object.fromEntries(entries.filter(([key]) => key !== '__proto__'));
}

const OPS = [...Object.keys(shop.ops), 'nothing', 'toString', '__proto__'];

const argsOf = (random: Prng): unknown =>
  random.pick([
    { text: random.pick(WORDS), shapes: [{ kind: 'circle', radius: random.below(1200) }] },
    { amount: random.below(1100) },
    { name: `n${random.below(30)}` },
    { ms: random.below(2000) },
    { to: random.below(200) },
    { how: random.pick(['reply', 'errno', 'x']) },
    anyValue(random),
  ]);

/** Mostly what a client would say. */
function messageOf(random: Prng): unknown {
  const id = random.below(40);
  const call: Message = {
    ...{ kind: 'call', id, op: random.pick(OPS), args: argsOf(random), ms: 1 + random.below(3000) },
  };
  const all: unknown[] = [
    ...Array(12).fill(toValue(call)),
    toValue({ kind: 'cancel', id }),
    toValue({ kind: 'more', id, count: 1 + random.below(4) }),
    toValue({ kind: 'reply', id, value: 1 }),
    toValue({ kind: 'bye', errno: 'EIO', what: 'x' }),
    toValue(HELLO),
    [random.below(10), anyValue(random), id, anyValue(random)],
    anyValue(random),
  ];
  return random.pick(all);
}

/** Bytes of a message, damaged now and then. */
function bytesOf(random: Prng): Uint8Array {
  if (random.chance(0.02))
    return Uint8Array.from({ length: random.below(60) }, () => random.next());
  const encoded = encodeMessage(messageOf(random));
  if (!encoded.ok) return new Uint8Array(1);
  const bytes = encoded.value;
  if (random.chance(0.04)) bytes[random.below(bytes.length)] = random.next();
  return random.chance(0.02) ? bytes.subarray(0, random.below(bytes.length)) : bytes;
}

/** Connections that break the rules beside one that does not, and is served all the time. */
export const messagesWorld: World = async (seed, cases, done) => {
  const random = prng(seed);
  const scene = createScene(seed, { capacity: 1 + random.below(4000) });
  const { sim, state, client } = scene;
  const peerOf = () => {
    const peer = createRawPeer(scene.raw().client);
    if (random.chance(0.95)) peer.say(HELLO);
    return peer;
  };
  let peer = peerOf();
  for (let left = cases; left > 0; left--) {
    peer.put(bytesOf(random));
    await sim.advance(random.below(random.chance(0.1) ? 3000 : 5));
    const [last] = peer.heard.slice(-1);
    if (last === 'closed') {
      peer = peerOf();
      await sim.advance(1);
    }
    if (random.chance(0.1)) {
      const name = `good${left}`;
      must(await sim.run(client.call('put', { name })));
      ok(state.names.has(name));
    }
    if (left > 1) done();
  }
  // Whatever has begun comes to an end.
  await sim.advance(60_000);
  equal(must(await sim.run(client.call('echo', { text: 'end' }))).text, 'end');
  done();
};

const NEGATIVE_ZERO = -0;

/** What the codec gives back for a value: whole numbers are one kind, whatever their sign of 0. */
const asSent = (value: unknown): unknown => (Object.is(value, NEGATIVE_ZERO) ? 0 : value);

/** Values come back as they were; any bytes at all give a value or an error. */
export const valuesWorld: World = async (seed, cases, done) => {
  const random = prng(seed);
  for (let left = cases; left > 0; left--) {
    const value = asSent(anyValue(random));
    const encoded = encodeMessage(value);
    if (encoded.ok) {
      const bytes = encoded.value.slice(HEADER_BYTES);
      const decoded = decodeMessage(bytes.slice());
      if (decoded.ok) deepEqual(encodeMessage(decoded.value), encoded);
      else match(decoded.error.what, /nested more than 16 deep/);
      for (let damages = 1 + random.below(3); damages > 0 && bytes.length > 0; damages--) {
        bytes[random.below(bytes.length)] = random.next();
      }
      const damaged = decodeMessage(bytes);
      if (damaged.ok) toMessage(damaged.value);
    }
    done();
  }
};
