import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { bundle } from '../bundle.ts';
import { markGlobals, partsFor, partsSource, refuseParser, type Use, usesOf } from './globals.ts';
import { atomsIn, namesOf, textsIn } from './names.ts';

let work: string;
beforeAll(() => {
  work = mkdtempSync(join(tmpdir(), 'xtl-globals-'));
});
afterAll(() => rmSync(work, { recursive: true }));

/** What a script of these lines uses. */
async function used(...lines: string[]): Promise<readonly Use[]> {
  writeFileSync(join(work, 'main.ts'), lines.join('\n'));
  const { script, map } = await bundle(work, 'main.ts', { debug: false, define: markGlobals });
  return usesOf(script, map);
}

test.each([
  ['a constructor', ['let a = 1;', 'export const b = [a, new Date(0)];'], ['main.ts:2: Date']],
  [
    'two on a line',
    ['export const b = () => [Proxy, new RegExp("a")];'],
    ['main.ts:1: Proxy', 'main.ts:1: RegExp'],
  ],
  ['a name of its own', ['class Date {}', 'export const b = new Date();'], []],
  ['a property', ['export const b = (a) => a.eval(a.Date);'], []],
  ['a regular expression', ['export const b = /a/.exec("a");'], []],
  ['code of text', ['', 'export const b = () => new Function("1");'], ['main.ts:2: Function']],
])('%s is found where it is', async (_, lines, expected) => {
  const uses = await used(...lines);
  expect(uses.map(({ where, name }) => `${where}: ${name}`)).toEqual(expected);
});

const at = (name: string): Use => ({ name, where: 'a.ts:1' });

test('code of text is refused with its places, other things are not', () => {
  refuseParser([at('Date'), at('RegExp')]);
  expect(() => refuseParser([at('Date'), at('eval'), at('Function')])).toThrow(
    /cannot make code of text:\n {2}a\.ts:1: eval\n {2}a\.ts:1: Function$/,
  );
});

test('a part of the engine comes with any of its globals, the base first', () => {
  expect(partsFor([])[0]).toBe('BaseObjects');
  expect(partsFor([])).not.toContain('WeakRef');
  expect(partsFor([at('FinalizationRegistry'), at('RegExp')])).toEqual([
    ...partsFor([]),
    'RegExpCompiler',
    'WeakRef',
  ]);
  expect(partsSource(['BaseObjects', 'Date'])).toContain(
    '    JS_AddIntrinsicBaseObjects(ctx);\n    JS_AddIntrinsicDate(ctx);\n}\n',
  );
});

test.each([
  [
    'words of a script',
    namesOf,
    'a.padEnd(3) + "toFixed" + $b_1',
    ['a', 'padEnd', 'toFixed', '$b_1'],
  ],
  [
    'atoms of the engine',
    atomsIn,
    'JS_ATOM_then, JS_ATOM_Symbol_iterator, "x"',
    ['then', 'Symbol_iterator'],
  ],
  ['texts of the kernel', textsIn, 'Get(ctx, e, "stack"); say("no name: %d")', ['stack']],
])('%s are names', (_, names, text, expected) => {
  expect([...names(text)]).toEqual(expected);
});
