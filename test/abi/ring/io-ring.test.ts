/** shared/ring/io-ring.ts against Xen's own macros: every step gives the same, to the byte. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { prng } from '../../../shared/core/prng.ts';
import type { Region } from '../../../shared/platform/region.ts';
import * as ring from '../../../shared/ring/io-ring.ts';
import { xenHeaders } from '../headers.ts';

const SOURCE = join(import.meta.dirname, 'io-ring.c');
const STEPS = 2000;

let work: string;
let include: string;
beforeAll(async () => {
  work = mkdtempSync(join(tmpdir(), 'xtl-ring-'));
  include = await xenHeaders('bookworm');
}, 300_000);
afterAll(() => rmSync(work, { recursive: true }));

const HASH = 2166136261;

function hash(bytes: Uint8Array): number {
  let h = HASH;
  for (const byte of bytes) h = Math.imul(h ^ byte, 16777619) >>> 0;
  return h;
}

interface Step {
  readonly what: string;
  readonly n: number;
  readonly value: number;
}

/** Mostly what the two ends would do, in any order. */
function stepsOf(seed: number): Step[] {
  const random = prng(seed);
  const whats = 'rRtasSuA';
  return Array.from({ length: STEPS }, () => ({
    what: whats[random.below(whats.length)] as string,
    n: random.below(random.chance(0.2) ? 300 : 9),
    value: random.next(),
  }));
}

/** The other implementation: ours, told by the same steps. */
function ours(pages: number, words: readonly [number, number], start: number, steps: Step[]) {
  const memory = new ArrayBuffer(pages * 4096);
  const region: Region = { bytes: new Uint8Array(memory), words: new Int32Array(memory) };
  const slotBytes = Math.max(...words) * 4;
  ring.initRing(region);
  region.words.set([start, start + 1, start, start + 1]);
  const back = ring.createBackRing(region, slotBytes, ring.publishedResponses(region));
  const front = { ...ring.createFrontRing(region, slotBytes), reqPut: start, reqProd: start };
  front.rspCons = start;
  const into = new Int32Array(back.slots * (slotBytes / 4));
  const put = (at: number, count: number, value: number): void => {
    for (let i = 0; i < count; i++) region.words[at / 4 + i] = value + i;
  };
  /** As the macros' user does, each slot for itself: of a slot its first `count` words. */
  const takenOf = (n: number, count: number): number => {
    let taken = HASH;
    for (let i = 0; i < n; i++) {
      const at = (i * slotBytes) / 4;
      const slot = new Uint8Array(into.slice(at, at + count).buffer);
      taken = (Math.imul(taken, 31) + hash(slot)) >>> 0;
    }
    return taken;
  };
  return steps.map(({ what, n, value }) => {
    let result = 0;
    let taken = HASH;
    if (what === 'r') {
      for (; result < n && ring.requestRoom(front) > 0; result++)
        put(ring.nextRequest(front), words[0], value + result);
    } else if (what === 'R') result = Number(ring.publishRequests(front));
    else if (what === 't') {
      result = ring.takeRequests(back, into, n);
      taken = takenOf(result, words[0]);
    } else if (what === 'a') result = Number(ring.awaitRequests(back) > 0);
    else if (what === 's') {
      for (; result < n && back.rspPut !== back.reqCons; result++)
        put(ring.nextResponse(back), words[1], value + result);
    } else if (what === 'S') result = Number(ring.publishResponses(back));
    else if (what === 'u') {
      result = ring.takeResponses(front, into, n);
      taken = takenOf(result, words[1]);
    } else result = Number(ring.awaitResponses(front) > 0);
    return `${result} ${taken} ${hash(region.bytes)}`;
  });
}

const shapes = [
  ['blkif', 1, [28, 4]],
  ['blkif of 16 pages', 16, [28, 4]],
  ['netif tx', 1, [3, 1]],
  ['netif rx', 1, [2, 2]],
  ['long responses', 1, [3, 5]],
] as const;

it.each(shapes)('a ring of %s is as the macros make it', async (name, pages, words) => {
  const program = join(work, name.replaceAll(' ', '-'));
  const sizes = [`-DREQUEST_WORDS=${words[0]}`, `-DRESPONSE_WORDS=${words[1]}`];
  await execa('gcc', ['-O1', '-std=gnu11', `-I${include}`, ...sizes, SOURCE, '-o', program]);
  for (const [seed, start] of [0, 5, 2 ** 31 - 9, 2 ** 32 - 40, 2 ** 32 - 300].entries()) {
    const steps = stepsOf(seed);
    const input = steps.map(({ what, n, value }) => `${what} ${n} ${value}`).join('\n');
    const { stdout } = await execa(program, [String(pages), String(start)], { input });
    const theirs = stdout.split('\n');
    const mine = ours(pages, words, start, steps);
    const differs = mine.findIndex((line, i) => line !== theirs[i]);
    expect(differs < 0 ? 'none' : [seed, differs, steps[differs], mine[differs]]).toEqual(
      differs < 0 ? 'none' : [seed, differs, steps[differs], theirs[differs]],
    );
  }
});
