/** Memory with the rights of what lies there: what code must not do ends in an exception. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { repoRoot } from '../lab/paths.ts';
import { bootBare } from './bare.ts';
import { linkNative } from './native.ts';

const SLOW_MS = 300_000;
const SHUTDOWN_CRASH = 3;

let dir: string;
let image: string;
beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'xtl-wrongs-'));
  const source = 'test/kernel/native/wrongs.c';
  image = await linkNative({ root: repoRoot, source, memoryKib: 4096, out: dir });
}, SLOW_MS);
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const SOMEWHERE = '[0-9a-f]+';

test.each([
  ['write-code', `tried to write ${SOMEWHERE} \\(code or constants\\), which is protected`],
  ['write-constant', `tried to write ${SOMEWHERE} \\(code or constants\\), which is protected`],
  ['write-null', 'tried to write 8 \\(a null pointer\\), which is not mapped'],
  ['run-constant', `tried to execute ${SOMEWHERE} \\(code or constants\\), which is protected`],
  ['run-data', `tried to execute ${SOMEWHERE}, which is protected`],
  ['run-stack', `tried to execute ${SOMEWHERE}, which is protected`],
  ['run-heap', `tried to execute ${SOMEWHERE}, which is protected`],
  ['run-page', `tried to execute ${SOMEWHERE}, which is protected`],
  ['run-null', 'tried to execute 0 \\(a null pointer\\), which is not mapped'],
  ['overflow', `tried to write ${SOMEWHERE} \\(the stack has overflowed\\), which is not mapped`],
  ['divide', 'exception: divide error'],
  ['free-twice', 'panic: heap.c:\\d+: assertion failed'],
])(
  '%s ends the domain as crashed, and the console says why',
  async (wrong, why) => {
    const { lines, reason } = await bootBare(image, wrong);
    expect(lines.join('\n')).toMatch(new RegExp(why));
    expect(lines.join('\n')).not.toContain('still here');
    expect(reason).toBe(SHUTDOWN_CRASH);
  },
  SLOW_MS,
);

test(
  'a program that does nothing wrong ends well',
  async () => {
    const { lines, reason } = await bootBare(image, 'nothing');
    expect([lines, reason]).toEqual([['still here'], 0]);
  },
  SLOW_MS,
);
