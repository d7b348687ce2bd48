/** Runs worlds one seed after the other until time is up; the first failure ends it. */

import { type Target, worldOf } from './target.ts';

export interface FuzzOptions {
  /** The first world's seed; the next is one more. */
  readonly seed: number;
  readonly seconds: number;
  /** Ends it before its time. */
  readonly cases?: number | undefined;
  /** Monotonic. */
  nowMs(): number;
  /** About once a second. */
  progress(cases: number, seed: number): void;
}

export interface Fuzzed {
  readonly cases: number;
  readonly seconds: number;
  readonly failure: Failed | undefined;
}

export interface Failed {
  readonly seed: number;
  /** The kind of world. */
  readonly world: string;
  /** Which input of the world it was, from 1. */
  readonly at: number;
  readonly error: unknown;
}

const PROGRESS_MS = 1000;

/** `stray` gives an error that no promise of the world carried, once there is one. */
export async function fuzz(
  target: Target,
  options: FuzzOptions,
  stray: () => unknown,
): Promise<Fuzzed> {
  const { nowMs, progress } = options;
  const startMs = nowMs();
  const endMs = startMs + options.seconds * 1000;
  const casesMax = options.cases ?? Number.POSITIVE_INFINITY;
  let cases = 0;
  let toldMs = startMs;
  for (let seed = options.seed; ; seed++) {
    const { name, world } = worldOf(target, seed);
    let at = 1;
    const done = (): void => {
      at++;
      cases++;
      const error = stray();
      if (error !== undefined) throw error;
    };
    try {
      await world(seed, target.cases, done);
    } catch (error) {
      const failure = { seed, world: name, at: Math.min(at, target.cases), error };
      return { cases, seconds: (nowMs() - startMs) / 1000, failure };
    }
    const now = nowMs();
    if (now - toldMs >= PROGRESS_MS) {
      toldMs = now;
      progress(cases, seed);
    }
    if (now >= endMs || cases >= casesMax)
      return { cases, seconds: (now - startMs) / 1000, failure: undefined };
  }
}
