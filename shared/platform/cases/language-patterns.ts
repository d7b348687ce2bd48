/** Rows: declarations that take values apart; the compiler of scripts moves their code. */

import { many, one, type Row } from './language-rows.ts';

const steps = (): { readonly seen: string[]; note<T>(step: string, value: T): T } => {
  const seen: string[] = [];
  const note = <T>(step: string, value: T): T => {
    seen.push(step);
    return value;
  };
  return { seen, note };
};

/** A value whose properties tell when they are looked at. */
const watched = (seen: string[]): { readonly a: number; readonly b: number | undefined } => ({
  get a() {
    seen.push('a');
    return one();
  },
  get b() {
    seen.push('b');
    return undefined;
  },
});

const order = (): string[] => {
  const { seen, note } = steps();
  const {
    [note('key', 'b')]: b = note('default', 7),
    a = note('never', 8),
    ...rest
  } = note('value', watched(seen)) as Record<string, unknown>;
  return [...seen, String(a), String(b), String(Object.keys(rest).length)];
};

const branches = (): unknown[] => {
  const found: unknown[] = [];
  for (const i of many(4)) {
    const given: { x: number; y?: number[] } = i % 2 === 0 ? { x: i } : { x: -i, y: [i] };
    const { x, y = x > 1 ? [x, x] : undefined } = given;
    const [first = i && 'none', second = [x][0], ...others] = y ?? [];
    found.push([x, first, second, others.length]);
  }
  return found;
};

const closures = (): number[] => {
  const calls: (() => number)[] = [];
  for (let { i, step } = { i: 0, step: one() }; i < 3; i += step) {
    const { add = (by: number) => by + i } = { ...(i === 1 && { add: (by: number) => by * 100 }) };
    const [value, times = () => value * 2] = [add(i)] as [number, (() => number)?];
    calls.push(() => times() + i);
  }
  return calls.map((call) => call());
};

const wrong = (value: unknown): string => {
  try {
    const { a } = value as { a: number };
    return `a is ${String(a)}`;
  } catch (error) {
    const { name } = error as Error;
    return name;
  }
};

const nested = (): unknown => {
  const inner = ({ a: [, { b = 2 }] }: { a: [number, { b?: number }] }): number => {
    const { c, ...d } = { c: (({ e }) => e)({ e: b }), f: 1 };
    const { length } = 'four';
    const [g = 0] = new Set([c]);
    return g * 10 + length + Object.keys(d).length;
  };
  return [inner({ a: [0, {}] }), inner({ a: [0, { b: 5 }] })];
};

function* pieces(): Generator<number, void, number> {
  const { a, b } = { a: yield 1, b: yield 2 };
  const [c] = [yield a + b];
  yield c;
}

const stopped = (): unknown[] => {
  const run = pieces();
  return [run.next(), run.next(10), run.next(20), run.next(30), run.next()].map(
    ({ value }) => value ?? 'end',
  );
};

const shadowed = (): unknown => {
  const box = { value: one() };
  const { value } = box;
  const all: unknown[] = [];
  {
    const { value: other = value } = { value: undefined };
    {
      const { value } = { value: other + 1 };
      const [late, ...more] = [value, ...many(3)];
      all.push(late, more);
    }
  }
  let { value: changed } = box;
  changed += value;
  return [changed, ...all];
};

export const patterns: readonly Row[] = [
  [
    'values come before keys, and these before properties',
    order,
    '["value","key","b","default","a","1","7","0"]',
  ],
  [
    'with branches in values and defaults',
    branches,
    '[[0,0,0,0],[-1,1,-1,0],[2,2,2,0],[-3,3,-3,0]]',
  ],
  ['in loops, with functions', closures, '[0,201,10]'],
  [
    'nothing has no properties',
    () => [null, undefined, 5, { a: 6 }].map(wrong),
    '["TypeError","TypeError","a is undefined","a is 6"]',
  ],
  ['patterns in patterns', nested, '[25,55]'],
  ['of values that are waited for', stopped, '[1,2,30,30,"end"]'],
  ['names that hide others', shadowed, '[2,2,[0,1,2]]'],
];
