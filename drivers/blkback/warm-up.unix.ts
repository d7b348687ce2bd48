/**
 * Requests of our own before and beside the first ones of guests: an engine compiles what it has
 * seen often, and a backend that starts anew is to be as fast as the one before. On a file of our
 * own, through the same calls, a little at a time.
 */

import { rmSync, writeFileSync } from 'node:fs';
import { BLKIF_OP_FLUSH_DISKCACHE, BLKIF_OP_READ, BLKIF_OP_WRITE } from '../../shared/abi/blkif.ts';
import { createRate, RATE_MAX, type Rate } from '../../shared/core/rate.ts';
import { must, type Result } from '../../shared/core/result.ts';
import type { BlockIo } from '../../shared/platform/block-io.ts';
import type { Clock } from '../../shared/platform/clock.ts';
import { PAGE_SIZE, type Region } from '../../shared/platform/region.ts';
import { openBlockFile } from '../../shared/platform/unix/block-file.ts';
import { nobodysBatch } from '../../shared/platform/unix/grant-copy.ts';
import type { UnixMemory } from '../../shared/platform/unix/memory.ts';
import type { Poller } from '../../shared/platform/unix/poller.ts';
import { BURST, COPIES_MAX, PAGES_PER_TURN } from './core/limits.ts';
import { type Asked, createRehearsal, type Rehearsal } from './rehearsal.ts';

/** After so many V8 has compiled nearly all of it. */
const ROUNDS = 2500;

/** Devices that wait already are served first. */
const START_MS = 3000;

/** So long at a time, and then as long nothing as leaves most of a processor to guests. */
const SLICE_MS = 2;
const PAUSE_MS = 6;

const read = (segments: number): Asked => ({ operation: BLKIF_OP_READ, segments });
const write = (segments: number): Asked => ({ operation: BLKIF_OP_WRITE, segments });

/** What a round asks: one alone, many at once, and large ones, of each kind that there is. */
const ASKED: readonly (readonly Asked[])[] = [
  [read(1)],
  Array.from({ length: 16 }, () => read(1)),
  [read(1)],
  [read(11), read(12), read(11), read(12)],
  [read(1)],
  Array.from({ length: 16 }, () => read(1)),
  [read(1)],
  [write(1), write(1), write(12), { operation: BLKIF_OP_FLUSH_DISKCACHE, segments: 0 }],
];

export interface WarmUpHost {
  readonly memory: UnixMemory;
  readonly poller: Poller;
  readonly clock: Clock;
  /** Of a file that nobody has. */
  readonly path: string;
}

function openOwn(
  { memory, poller, path }: WarmUpHost,
  slab: Region,
  onDone: () => void,
): Result<BlockIo> {
  try {
    writeFileSync(path, new Uint8Array(PAGES_PER_TURN * PAGE_SIZE));
    const address = memory.addressOf(slab) as number;
    const file = { path, isReadOnly: false, memory: slab, address, poller, onDone };
    return openBlockFile(file);
  } finally {
    rmSync(path, { force: true });
  }
}

interface Stage {
  readonly rehearsal: Rehearsal;
  /** Requests that are not answered yet. */
  underWay: number;
  close(): void;
}

function openStage(host: WarmUpHost, rate: Rate | undefined): Stage {
  const { memory } = host;
  const had: Region[] = [];
  const pages = (count: number): Region => {
    const region = must(memory.pages(count));
    had.push(region);
    return region;
  };
  const slab = pages(PAGES_PER_TURN);
  let rehearsal: Rehearsal | undefined;
  const io = must(openOwn(host, slab, () => rehearsal?.turn()));
  const batch = nobodysBatch(memory.addressOf, COPIES_MAX, rate !== undefined);
  const parts = { io, slab, lists: pages(1), batch, pages };
  rehearsal = createRehearsal({ ...parts, ...(rate && { rate }) });
  const close = (): void => {
    io.close();
    for (const region of had) memory.unmap(region);
  };
  return { rehearsal, underWay: 0, close };
}

/** Two that differ: what is compiled for the only one there is does not fit the next. */
function openStages(host: WarmUpHost): Stage[] {
  const rate = createRate({ bytes: RATE_MAX, operations: RATE_MAX }, BURST, 0);
  try {
    return [openStage(host, undefined), openStage(host, rate)];
  } catch {
    // Without memory or a file guests warm it up.
    return [];
  }
}

/** Whether all that was asked is answered: a disk may take its time. */
function play(stage: Stage, asked: readonly Asked[]): boolean {
  const { rehearsal } = stage;
  if (stage.underWay === 0) {
    rehearsal.ask(asked);
    stage.underWay = asked.length;
  }
  rehearsal.turn();
  stage.underWay -= rehearsal.answered();
  return stage.underWay === 0;
}

/** What V8 compiles knows the objects that it was compiled with, and goes when they do. */
const kept: Stage[] = [];

/** Later, and in the background; what cannot be had for it is no matter. `ended` is told once. */
export function warmUp(host: WarmUpHost, ended: () => void = () => {}): void {
  host.clock.after(START_MS, () => begin(host, ended));
}

function begin(host: WarmUpHost, ended: () => void): void {
  const { clock } = host;
  const stages = openStages(host);
  kept.push(...stages);
  let rounds = 0;
  const isOver = (): boolean => stages.length === 0 || rounds >= ROUNDS;
  const round = (): boolean => {
    const asked = ASKED[(rounds >>> 1) % ASKED.length] as readonly Asked[];
    const isAnswered = play(stages[rounds % stages.length] as Stage, asked);
    if (isAnswered) rounds++;
    return isAnswered;
  };
  const slice = (): void => {
    const until = clock.nowMs() + SLICE_MS;
    while (!isOver() && round() && clock.nowMs() < until);
    if (!isOver()) {
      clock.after(PAUSE_MS, slice);
      return;
    }
    for (const { close } of stages) close();
    ended();
  };
  slice();
}
