/** Kernel code as programs of this machine, under the sanitizers, with many seeds. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { compileHostProgram, HOST_PROGRAMS } from './host-programs.ts';

const SLOW_MS = 300_000;

let work: string;
beforeAll(() => {
  work = mkdtempSync(join(tmpdir(), 'xtl-kernel-'));
});
afterAll(() => rmSync(work, { recursive: true }));

test.each(HOST_PROGRAMS)(
  '%s holds for fifty seeds',
  async (name) => {
    const program = await compileHostProgram(name, work);
    const seeds = Array.from({ length: 50 }, (_, i) => String(i + 1));
    const { exitCode, stderr } = await execa(program, seeds, { reject: false });
    expect(stderr).toBe('');
    expect(exitCode).toBe(0);
  },
  SLOW_MS,
);
