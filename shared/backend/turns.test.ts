import { describe, expect, it } from 'vitest';
import { createTurns, TURNS_PER_CALL } from './turns.ts';

/** An event loop, by hand. */
function loop() {
  const calls: (() => void)[] = [];
  const plan = (run: () => void): void => void calls.push(run);
  return {
    turns: (max: number) => createTurns({ soon: plan, later: plan }, max),
    /** One call back; false: there was none. */
    step: (): boolean => {
      const call = calls.shift();
      call?.();
      return call !== undefined;
    },
    calls,
  };
}

describe('turns', () => {
  it('are taken in the order in which they were asked for', () => {
    const { turns: open, step } = loop();
    const turns = open(16);
    const taken: number[] = [];
    for (let i = 0; i < 11; i++) turns.plan(() => void taken.push(i));
    while (step());
    expect(taken).toEqual(Array.from({ length: 11 }, (_, i) => i));
  });

  it('are a few between two looks at events, and one call is planned at a time', () => {
    const { turns: open, step, calls } = loop();
    const turns = open(64);
    let taken = 0;
    const again = (): void => {
      taken++;
      turns.plan(again);
    };
    for (let i = 0; i < 50; i++) turns.plan(again);
    for (let round = 1; round <= 100; round++) {
      expect(calls).toHaveLength(1);
      step();
      expect(taken).toBe(TURNS_PER_CALL * round);
    }
  });

  it('go round among those who always want one more', () => {
    const { turns: open, step } = loop();
    const turns = open(16);
    const taken: number[] = [0, 0, 0, 0, 0, 0, 0];
    const forever = (i: number) => (): void => {
      taken[i] = (taken[i] as number) + 1;
      turns.plan(forever(i));
    };
    for (let i = 0; i < 7; i++) turns.plan(forever(i));
    for (let calls = 0; calls < 100; calls++) {
      step();
      expect(Math.max(...taken) - Math.min(...taken)).toBeLessThanOrEqual(1);
    }
  });

  it('that nobody wants are not planned', () => {
    const { turns: open, step, calls } = loop();
    const turns = open(4);
    turns.plan(() => {});
    expect(step()).toBe(true);
    expect(calls).toEqual([]);
  });
});
