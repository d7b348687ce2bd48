import { expect, it } from 'vitest';
import type { Fault } from './emulator-fault.ts';
import { withGuests } from './with-guests.ts';

const TRIPLE = '(XEN) d7v0 Triple fault - shutdown action 1\n';
const INT3 = 'exc_int3+0x118/0x130\n(XEN) Hardware Dom0 crashed: rebooting machine\n';

/** Runs steps that fail on their first turns, where the host says and does what a row has. */
const outcome = async (
  fault: { says?: string; error?: string; guest?: string; dead?: boolean; still?: boolean },
  turns: number,
  mostFaults = 99,
): Promise<{ result: string; done: string[]; told: string[] }> => {
  let text = '';
  let guestsText = '';
  let isDead = false;
  const done: string[] = [];
  const told: string[] = [];
  const mend = (what: string) => async (): Promise<void> => {
    isDead = false;
    if (what === 'boot') text = '';
    done.push(what);
  };
  const host = {
    consoleText: () => text,
    guestsText: () => guestsText,
    run: async () => {
      if (isDead) throw new Error('no answer');
      return { stdout: '', stderr: '', code: 0 };
    },
  };
  let turn = 0;
  const steps = async (): Promise<string> => {
    if (turn++ === turns) return 'passed';
    text += fault.says ?? '';
    guestsText += fault.guest ?? '';
    isDead = fault.dead ?? false;
    throw new Error(fault.error ?? 'failed');
  };
  const recovery = {
    isStill: async () => isDead && (fault.still ?? false),
    withoutGuests: mend('clear'),
    bootAnew: mend('boot'),
    onFault: ({ guest }: Fault) => {
      if (told.length === mostFaults) throw new Error('too many');
      told.push(guest);
    },
  };
  const result = await withGuests(host, false, steps, recovery).catch((e: Error) => e.message);
  return { result, done, told };
};

it.each([
  ['nothing wrong', {}, 0, 'passed', [], []],
  ['a failure of the steps', {}, 1, 'failed', [], []],
  ['a guest that the emulator killed', { says: TRIPLE }, 1, 'passed', ['clear'], ['d7']],
  [
    'a guest whose kernel it broke',
    { error: 'exc_int3+0x1/0x2' },
    1,
    'passed',
    ['clear'],
    ['a guest'],
  ],
  [
    'a guest whose kernel it broke, of which the error does not tell',
    { error: 'expected "no such file"', guest: 'exc_int3+0x1/0x2' },
    1,
    'passed',
    ['clear'],
    ['a guest'],
  ],
  ['dom0 that it killed', { says: INT3, dead: true }, 1, 'passed', ['boot'], ['Domain-0']],
  [
    'a machine that stands still',
    { dead: true, still: true },
    2,
    'passed',
    ['boot', 'boot'],
    ['the host', 'the host'],
  ],
  ['a machine that is busy for ever', { dead: true }, 1, 'failed', [], []],
  ['a fault each time', { says: TRIPLE }, 9, 'failed', Array(4).fill('clear'), Array(4).fill('d7')],
])('%s', async (_, fault, turns, result, done, told) => {
  expect(await outcome(fault, turns)).toEqual({ result, done, told });
});

it('a fault beyond what the run may have ends the test', async () => {
  const { result, told } = await outcome({ says: TRIPLE }, 3, 2);
  expect([result, told]).toEqual(['too many', ['d7', 'd7']]);
});
