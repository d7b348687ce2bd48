/**
 * Byte streams of several tools and guests at once against the daemon: every whole packet of a tool
 * is answered in order, a broken stream is cut off, the store stays sound.
 */

import { ok as assertOk, deepEqual, equal } from 'node:assert/strict';
import { XENSTORE_PAYLOAD_MAX, XS_WATCH_EVENT } from '../../shared/abi/xs-wire.ts';
import { DOM0 } from '../../shared/core/ids.ts';
import { type Prng, prng } from '../../shared/core/prng.ts';
import { must } from '../../shared/core/result.ts';
import { fromLatin1 } from '../../shared/core/text.ts';
import { createDecoder, HEADER_SIZE } from '../../shared/xenstore/wire.ts';
import { type RawGuest, rawGuest } from '../sim/raw-guest.ts';
import { createSimXenstored, type SimXenstored } from '../sim/xenstored-host.ts';
import { type Begun, createBegun, inPieces, randomStream } from './packets.ts';
import type { World } from './target.ts';

interface Tool {
  readonly begun: Begun;
  /** Sends, and remembers what answers are due. */
  send(bytes: Uint8Array): void;
  /** Throws unless the answers are those that are due. */
  verify(): void;
  /** Its framing is lost, or it has closed. */
  over(): boolean;
  close(): void;
}

/** The ids of the whole packets in a stream, looked at without the code under test. */
function createFraming() {
  let rest = new Uint8Array(0);
  return (bytes: Uint8Array): { ids: number[]; broken: boolean } => {
    const all = new Uint8Array(rest.length + bytes.length);
    all.set(rest);
    all.set(bytes, rest.length);
    const view = new DataView(all.buffer);
    const ids: number[] = [];
    let at = 0;
    while (all.length - at >= HEADER_SIZE) {
      const length = view.getUint32(at + 12, true);
      if (length > XENSTORE_PAYLOAD_MAX) return { ids, broken: true };
      if (all.length - at < HEADER_SIZE + length) break;
      ids.push(view.getUint32(at + 4, true));
      at += HEADER_SIZE + length;
    }
    rest = all.slice(at);
    return { ids, broken: false };
  };
}

function createTool(host: SimXenstored): Tool {
  const stream = host.stream();
  const framing = createFraming();
  const due: number[] = [];
  const heard: number[] = [];
  let broken = false;
  let closed = false;
  let left = false;
  const begun = createBegun();
  const decoder = createDecoder((type, reqId, _txId, bytes, start, end) => {
    if (type !== XS_WATCH_EVENT) heard.push(reqId);
    begun.heard(type, fromLatin1(bytes.subarray(start, end)));
  });
  stream.receive(
    (bytes) => assertOk(decoder.push(bytes).ok, 'what the daemon sends is no packet'),
    () => {
      closed = true;
    },
  );
  return {
    begun,
    send: (bytes) => {
      if (broken) return;
      const { ids, broken: now } = framing(bytes);
      due.push(...ids);
      broken = now;
      stream.write(bytes);
    },
    verify: () => {
      equal(closed, broken, broken ? 'a broken stream is served' : 'a sound stream was cut off');
      if (!left) deepEqual(heard, due);
      heard.length = 0;
      due.length = 0;
    },
    over: () => broken,
    close: () => {
      broken = true;
      left = true;
      stream.close();
    },
  };
}

interface Wild {
  readonly raw: RawGuest;
  readonly begun: Begun;
}

const TOOLS = 3;

/** One hostile input: some bytes of a tool or of a guest. */
async function oneCase(host: SimXenstored, random: Prng, tools: Tool[], guests: readonly Wild[]) {
  if (random.chance(0.3)) {
    const { raw, begun } = random.pick(guests);
    for (const piece of inPieces(random, randomStream(random, begun.ids))) {
      raw.putSome(piece);
      raw.guest.notify();
      if (random.chance(0.2)) await host.sim.advance(0.01);
    }
    if (random.chance(0.3)) return;
    for (const { type, payload } of raw.take(1 + random.below(2000))) begun.heard(type, payload);
    return;
  }
  const index = random.below(tools.length);
  const tool = tools[index] as Tool;
  for (const piece of inPieces(random, randomStream(random, tool.begun.ids))) {
    tool.send(piece);
    if (random.chance(0.2)) await host.sim.advance(0.01);
  }
  if (random.chance(0.02)) tool.close();
}

export const socketsWorld: World = async (seed, cases, done) => {
  const random = prng(seed);
  const host = createSimXenstored({ seed }, { quotas: { nodes: 30, memory: 20_000 } });
  must(host.daemon.start(undefined));
  const guests: Wild[] = [];
  for (let i = 0; i < 2; i++) {
    guests.push({ raw: rawGuest(host, await host.addGuest()), begun: createBegun() });
  }
  const tools = Array.from({ length: TOOLS }, () => createTool(host));
  for (let i = 0; i < cases; i++) {
    await oneCase(host, random, tools, guests);
    await host.sim.advance(2);
    for (const [index, tool] of tools.entries()) {
      tool.verify();
      if (tool.over()) tools[index] = createTool(host);
    }
    deepEqual(host.daemon.store.check(), []);
    if (i < cases - 1) done();
  }
  for (const tool of tools) tool.close();
  await host.sim.advance(2);
  equal(host.daemon.sockets(), 1, 'sockets of nobody');
  must(await host.sim.run(host.tools.getDomainPath(DOM0)));
  host.daemon.stop();
  done();
};
