/** Kernel code as programs of this machine, under the sanitizers, with many seeds. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { isAll } from '../lab/extent.ts';
import { compileHostProgram, HOST_PROGRAMS } from './host-programs.ts';

const SLOW_MS = 300_000;

const SEEDS = Array.from({ length: isAll ? 50 : 10 }, (_, i) => String(i + 1));

let work: string;
beforeAll(() => {
  work = mkdtempSync(join(tmpdir(), 'xtl-kernel-'));
});
afterAll(() => rmSync(work, { recursive: true }));

test.each(HOST_PROGRAMS)(
  `%s holds for ${SEEDS.length} seeds`,
  async (name) => {
    const program = await compileHostProgram(name, work);
    const { exitCode, stderr } = await execa(program, SEEDS, { reject: false });
    expect(stderr).toBe('');
    expect(exitCode).toBe(0);
  },
  SLOW_MS,
);
