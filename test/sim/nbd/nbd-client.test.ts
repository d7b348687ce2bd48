/** A client of NBD against a server that fails, hangs up and is killed, by seed; and liars. */

import { describe, expect, it } from 'vitest';
import { ERRNO } from '../../../shared/core/errno.ts';
import { prng } from '../../../shared/core/prng.ts';
import { type ClientOptions, createClient, type NbdClient } from '../../../shared/nbd/client.ts';
import type { NbdExport } from '../../../shared/nbd/export.ts';
import {
  NBD_CMD_FLUSH,
  NBD_CMD_READ,
  NBD_CMD_TRIM,
  NBD_CMD_WRITE,
} from '../../../shared/nbd/protocol.ts';
import { type Asked, createDiskModel, SECTOR, seeds } from './disk-model.ts';
import { createMemoryServer } from './memory-server.ts';
import { bytesOf, reply } from './server-bytes.ts';

const SECTORS = 256;
const SLOT = 16 * SECTOR;
const MOST = 12;

const COMMAND = {
  ...{ read: NBD_CMD_READ, write: NBD_CMD_WRITE, flush: NBD_CMD_FLUSH, discard: NBD_CMD_TRIM },
};

const exported = (maxPayload: number): NbdExport => ({
  ...{ sizeBytes: SECTORS * SECTOR, isReadOnly: false, canFlush: true, canTrim: true },
  ...{ minBlock: 1, maxPayload },
});

interface Run {
  readonly maxPayload: number;
  readonly options: ClientOptions;
  /** How often a step loses the connection, kills the server, or has it fail. */
  readonly drops: number;
  readonly kills: number;
  readonly errors: number;
}

function createRun(seed: number, { maxPayload, options, errors }: Run) {
  const random = prng(seed);
  const server = createMemoryServer(random, new Uint8Array(SECTORS * SECTOR), { maxPayload });
  const client = createClient(options);
  const model = createDiskModel(random, SECTORS, MOST);
  const memory = new Uint8Array(MOST * SLOT);
  const places = new Map<number, number>();
  const free = Array.from({ length: MOST }, (_, i) => i * SLOT);
  const staging = new Uint8Array(SLOT + 64);
  const completed = new Int32Array(2 * MOST);
  server.fails = () => (random.chance(errors) ? ERRNO.EIO : 0);

  const ask = (number: number, { kind, sector, sectors, data }: Asked): void => {
    const at = free.pop() as number;
    places.set(number, at);
    memory.set(data, at);
    const bytes = kind === 'flush' ? 0 : sectors * SECTOR;
    client.ask(number, COMMAND[kind], sector * SECTOR, bytes, memory, at);
  };
  const collect = (): void => {
    const count = client.completions(completed);
    for (let i = 0; i < count; i++) {
      const number = completed[2 * i] as number;
      const at = places.get(number) as number;
      const size = (model.under.get(number)?.sectors as number) * SECTOR;
      const read = (): Uint8Array => memory.slice(at, at + size);
      model.complete(number, completed[2 * i + 1] as number, read, server.stable);
      // What is completed is somebody else's: whatever is sent again may not come from here.
      memory.fill(0xee, at, at + SLOT);
      places.delete(number);
      free.push(at);
    }
  };
  const lose = (isKilled: boolean): void => {
    client.lost();
    if (isKilled) server.kill();
    else server.drop();
    client.connected(exported(maxPayload));
  };
  const exchange = (): void => {
    const size = client.fill(staging);
    server.take(staging.subarray(0, size));
    for (const bytes of server.step()) {
      const cut = random.below(bytes.length + 1);
      const wrong = client.take(bytes, 0, cut) ?? client.take(bytes, cut, bytes.length);
      if (wrong !== undefined) {
        expect(wrong).toContain('it cannot do again');
        lose(false);
        return;
      }
    }
  };
  client.connected(exported(maxPayload));
  return { random, server, client, model, ask, collect, lose, exchange };
}

const FLUSHED = { canFlush: true, isReadOnly: false };
const kept = { ...FLUSHED, keptBytes: 1 << 20, keptEntries: 4096 };
const some = { ...FLUSHED, keptBytes: 1 << 20, keptEntries: 40 };
const few = { ...FLUSHED, keptBytes: 1 << 20, keptEntries: 5 };
const little = { ...FLUSHED, keptBytes: 3 * SLOT, keptEntries: 4096 };
const none = { ...FLUSHED, keptBytes: SECTOR, keptEntries: 4096 };
const steady = { maxPayload: 1 << 25, drops: 0, kills: 0, errors: 0 };

const runs: readonly (readonly [string, Run])[] = [
  ['nothing that goes wrong', { ...steady, options: kept }],
  ['small requests', { ...steady, options: kept, maxPayload: 1024 }],
  ['errors', { ...steady, options: kept, errors: 0.05 }],
  ['connections that are lost', { ...steady, options: kept, drops: 0.05 }],
  ['servers that are killed', { ...steady, options: kept, kills: 0.05 }],
  ['all of it', { maxPayload: 1536, options: some, drops: 0.01, kills: 0.01, errors: 0.005 }],
  ['room for few writes', { ...steady, options: few, kills: 0.05 }],
  ['room for little data', { ...steady, options: little, kills: 0.05 }],
  ['room for next to nothing', { ...steady, options: none, kills: 0.02 }],
  [
    'little room, and all else',
    { maxPayload: 2048, options: few, drops: 0.03, kills: 0.03, errors: 0.02 },
  ],
];

describe.each(runs)('with %s', (_, run) => {
  it.each(seeds(12))('a guest has what it relies on (seed %i)', (seed) => {
    const { random, server, client, model, ask, collect, lose, exchange } = createRun(seed, run);
    let flushes = 0;
    for (let step = 0; step < 600; step++) {
      for (let tries = random.below(4); tries > 0; tries--) {
        const chosen = model.choose();
        if (chosen === undefined) continue;
        ask(chosen.number, chosen.asked);
        if (chosen.asked.kind === 'flush') flushes++;
      }
      exchange();
      collect();
      if (random.chance(run.kills)) lose(true);
      else if (random.chance(run.drops)) lose(false);
    }
    for (let rounds = 0; model.under.size > 0; rounds++) {
      if (rounds === 100_000) throw new Error('operations that are never completed');
      exchange();
      collect();
    }
    expect(flushes).toBeGreaterThan(10);
    expect(server.seen.length).toBeGreaterThan(300);
    expect(client.unflushed()).toBeLessThanOrEqual(run.options.keptEntries as number);
  });
});

/** A client that has read, written and flushed: three requests under way, numbered 1 to 3. */
function busyClient(): { client: NbdClient; memory: Uint8Array } {
  const client = createClient(kept);
  const memory = new Uint8Array(4096);
  client.connected(exported(1 << 25));
  client.ask(7, NBD_CMD_READ, 0, 512, memory, 0);
  client.ask(8, NBD_CMD_WRITE, 512, 512, memory, 512);
  client.ask(9, NBD_CMD_FLUSH, 0, 0, memory, 0);
  expect(client.fill(new Uint8Array(4096))).toBe(3 * 28 + 512);
  return { client, memory };
}

const DATA = new Uint8Array(512).fill(1);

it.each([
  ['no magic number', new Uint8Array(16), 'magic number'],
  ['a structured reply', bytesOf([0x66, 0x8e, 0x33, 0xef], new Uint8Array(16)), 'magic number'],
  ['a number that nobody has', reply(1, 6), 'not asked'],
  ['a number beyond all', reply(1, 0xffff_ffff), 'not asked'],
  ['one of our own numbers, which is free', reply(1, 4096), 'not asked'],
  ['the cookie of another time', reply(2, 7), 'not asked'],
  ['the same twice', bytesOf(reply(1, 7, 0, DATA), reply(1, 7, 0, DATA)), 'not asked'],
  ['data where there is none', bytesOf(reply(2, 8, 0, DATA)), 'magic number'],
  ['data behind an error', bytesOf(reply(1, 7, 5, DATA)), 'magic number'],
  ['that it ends', reply(2, 8, 108), 'about to end'],
])('a server that sends %s is left', (_, sent, why) => {
  for (const size of [sent.length, 1]) {
    const { client } = busyClient();
    let wrong: string | undefined;
    for (let at = 0; at < sent.length && wrong === undefined; at += size) {
      wrong = client.take(sent, at, at + size);
    }
    expect(wrong).toContain(why);
  }
});

it.each([
  [1, -ERRNO.EPERM],
  [5, -ERRNO.EIO],
  [28, -ERRNO.ENOSPC],
  [75, -ERRNO.EINVAL],
  [0xffff_ffff, -ERRNO.EINVAL],
])('the error %i is %i', (error, result) => {
  const { client } = busyClient();
  const into = new Int32Array(8);
  expect(client.take(reply(1, 7, error), 0, 16)).toBeUndefined();
  expect([client.completions(into), into[0], into[1]]).toEqual([1, 7, result]);
});

it('noise harms nothing but its own connection', () => {
  for (const seed of seeds(500)) {
    const random = prng(seed);
    const { client, memory } = busyClient();
    const sent = bytesOf(reply(3, 9), reply(1, 7, 0, DATA), reply(2, 8));
    sent[random.below(sent.length)] = random.next();
    client.take(sent, 0, sent.length);
    expect(memory.subarray(512).every((byte) => byte === 0)).toBe(true);
    client.lost();
    client.giveUp();
    const into = new Int32Array(16);
    const count = client.completions(into);
    expect([...into.filter((_, i) => i % 2 === 0 && i < 2 * count)].sort()).toEqual([7, 8, 9]);
  }
});

it('no more is sent than there is room for, and what is sent goes on', () => {
  const client = createClient(kept);
  const memory = new Uint8Array(4096).fill(3);
  client.connected(exported(1 << 25));
  for (const number of [1, 2, 3]) client.ask(number, NBD_CMD_WRITE, number * 4096, 4096, memory, 0);
  const into = new Uint8Array(2 * 4096);
  expect([client.fill(into), client.fill(into), client.fill(into), client.fill(into)]).toEqual([
    ...[4124, 4124, 4124, 0],
  ]);
});

it('where there is no flush, a flush is done, and writes are not kept', () => {
  const client = createClient({ canFlush: false, isReadOnly: false });
  client.connected(exported(1 << 25));
  client.ask(1, NBD_CMD_WRITE, 0, 512, new Uint8Array(512), 0);
  client.ask(2, NBD_CMD_FLUSH, 0, 0, new Uint8Array(0), 0);
  const into = new Int32Array(4);
  expect([client.fill(new Uint8Array(4096)), client.completions(into), into[0]]).toEqual([
    540, 1, 2,
  ]);
  expect(client.take(reply(1, 1), 0, 16)).toBeUndefined();
  expect([client.completions(into), into[0], client.unflushed()]).toEqual([1, 1, 0]);
});
