import { describe, expect, it } from 'vitest';
import { parseArguments } from './args.ts';
import { fuzz } from './run.ts';
import type { Target, World } from './target.ts';

const options = (seconds: number) => {
  let now = 0;
  const told: number[] = [];
  return {
    told,
    options: {
      seed: 4,
      seconds,
      nowMs: () => {
        now += 400;
        return now;
      },
      progress: (cases: number) => void told.push(cases),
    },
  };
};

const target = (...worlds: World[]): Target => ({
  worlds: Object.fromEntries(worlds.map((world, i) => [`w${i}`, world])),
  cases: 10,
});

const calm: World = async (_seed, cases, done) => {
  for (let i = 0; i < cases; i++) done();
};

describe('a run', () => {
  it('goes from seed to seed until its time is up, and tells how far it is', async () => {
    const seeds: number[] = [];
    const { options: given, told } = options(2);
    const result = await fuzz(
      target((seed, ...rest) => {
        seeds.push(seed);
        return calm(seed, ...rest);
      }),
      given,
      () => undefined,
    );
    expect(result).toEqual({ cases: 50, seconds: 2, failure: undefined });
    expect(seeds).toEqual([4, 5, 6, 7, 8]);
    expect(told).toEqual([30]);
  });

  it('ends when there were so many cases, if its time is not up before', async () => {
    const { options: given } = options(60);
    const result = await fuzz(target(calm), { ...given, cases: 25 }, () => undefined);
    expect(result).toMatchObject({ cases: 30, failure: undefined });
  });

  it('ends at the first failure, with the seed, the kind and the case', async () => {
    const error = new Error('broken');
    const result = await fuzz(
      target(calm, async (seed, _cases, done) => {
        done();
        if (seed === 5) throw error;
      }),
      options(60).options,
      () => undefined,
    );
    expect(result.failure).toEqual({ seed: 5, world: 'w1', at: 2, error });
    expect(result.cases).toBe(11);
  });

  it('takes an error that nobody waits for as the failure of the case under way', async () => {
    const error = new Error('stray');
    const result = await fuzz(target(calm), options(60).options, () => error);
    expect(result.failure).toMatchObject({ seed: 4, error });
  });
});

const NAMED = { name: 'xenstored' };

describe('arguments', () => {
  it.each([
    ['xenstored', { ...NAMED, seconds: 60, cases: undefined, seed: undefined }],
    ['xenstored --seconds 5 --seed=7', { ...NAMED, seconds: 5, cases: undefined, seed: 7 }],
    ['--seed 0 xenstored', { ...NAMED, seconds: 60, cases: undefined, seed: 0 }],
    ['xenstored --cases 9', { ...NAMED, seconds: 0xffffffff, cases: 9, seed: undefined }],
    ['xenstored --cases=9 --seconds 5', { ...NAMED, seconds: 5, cases: 9, seed: undefined }],
    ['', { error: 'what is to be fuzzed?' }],
    ['netback', { error: 'there is no netback to fuzz' }],
    ['xenstored --seconds', { error: "--seconds needs a number, not 'undefined'" }],
    ['xenstored --seed -1', { error: "--seed needs a number, not '-1'" }],
  ])('%s', (line, expected) => {
    expect(parseArguments(line.split(' ').filter(Boolean), ['xenstored'])).toEqual(expected);
  });
});
