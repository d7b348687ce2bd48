/** Rows: statements, functions and classes. */

import { many, one, type Row } from './language-rows.ts';

class Counted {
  #hidden = one();
  static readonly made: string[] = [];
  get hidden(): number {
    return this.#hidden;
  }
  set hidden(value: number) {
    this.#hidden = value * 2;
  }
}

class Fault extends Error {
  override name = 'Fault';
  readonly field = `${this.message}!`;
  override toString(): string {
    return `fault of ${super.toString()}`;
  }
}

function* counting(to: number): Generator<number, string> {
  for (let i = 0; i < to; i++) yield i;
  return 'end';
}

const captured = (): number[] => {
  const calls: (() => number)[] = [];
  for (let i = 0; i < 3; i++) {
    let late: number | undefined;
    calls.push(() => (late ?? 0) + i);
    if (i === 1) late = 10;
  }
  return calls.map((call) => call());
};

const finallyOrder = (): string => {
  const steps: string[] = [];
  const inner = (): string => {
    try {
      steps.push('try');
      throw new RangeError('thrown');
    } catch (error) {
      steps.push(error instanceof RangeError && error instanceof Error ? 'caught' : 'lost');
      return 'returned';
    } finally {
      steps.push('finally');
    }
  };
  return [inner(), ...steps].join();
};

const labelled = (): string => {
  const seen: number[] = [];
  outer: for (const a of many(4)) {
    for (const b of many(4)) {
      if (b === 2) continue outer;
      if (a === 2) break outer;
      seen.push(a * 10 + b);
    }
  }
  return seen.join();
};

export const syntax: readonly Row[] = [
  ['closures have a variable for each turn', captured, '[0,11,2]'],
  ['finally comes last', finallyOrder, '"returned,try,caught,finally"'],
  ['labels end outer loops', labelled, '"0,1,10,11"'],
  [
    'patterns have defaults and rests',
    () => {
      const { a = one(), ...rest } = { b: 2, c: 3 } as { a?: number; b: number; c: number };
      const [first, , third = 9, ...others] = [5, 6, undefined, 7, 8];
      return [a, rest, first, third, others];
    },
    '[1,{"b":2,"c":3},5,9,[7,8]]',
  ],
  [
    'optional chains and assignments stop',
    () => {
      const none = [undefined][0] as { a: { b(): number } } | undefined;
      let set: number | undefined;
      set ??= 4;
      set &&= set + one();
      return [none?.a.b() ?? 'none', set];
    },
    '["none",5]',
  ],
  [
    'classes have private fields, accessors and super',
    () => {
      const it = new Counted();
      it.hidden = 4;
      const fault = new Fault('bad');
      const kinds = [fault instanceof Error, Object.keys(fault), Counted.made];
      return [it.hidden, fault.field, String(fault), ...kinds];
    },
    '[8,"bad!","fault of Fault: bad",true,["name","field"],[]]',
  ],
  [
    'generators give and end',
    () => [...counting(3), counting(0).next()],
    '[0,1,2,{"value":"end","done":true}]',
  ],
  [
    'templates and spreads',
    () => `${[...'ab', ...many(2)].join('')}-${Math.max(...many(5))}`,
    '"ab01-4"',
  ],
];
