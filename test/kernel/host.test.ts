/** Kernel code as programs of this machine, under the sanitizers, with many seeds. */

import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openSysroot } from '../../deploy/relink/sysroot.ts';
import { repoRoot } from '../lab/paths.ts';

const SLOW_MS = 300_000;
const kernel = join(repoRoot, 'shared/kernel');
const here = join(import.meta.dirname, 'host');

const FLAGS = ['-std=gnu11', '-g', '-O1', '-Wall', '-Wextra', '-Werror'];
const SANITIZERS = ['-fsanitize=address,undefined', '-fno-sanitize-recover=all'];

/** Each program's own file and the kernel's files that it tests. */
const programs: readonly { name: string; units: readonly string[] }[] = [
  {
    name: 'heap',
    units: ['memory/heap.c', 'memory/heap-lists.c', 'memory/pages.c', 'memory/bitmap.c'],
  },
  {
    name: 'codecs',
    units: [
      'host/positions.c',
      'memory/bitmap.c',
      'xen/clock.c',
      'xen/console-ring.c',
      'cpu/random.c',
    ],
  },
];

let work: string;
let include: string;
beforeAll(async () => {
  work = mkdtempSync(join(tmpdir(), 'xtl-kernel-'));
  include = join(work, 'include');
  const sysroot = await openSysroot(() => {});
  await execa('mkdir', [include]);
  symlinkSync(join(sysroot.dir, 'usr/include/xen'), join(include, 'xen'));
}, SLOW_MS);
afterAll(() => rmSync(work, { recursive: true }));

test.each(programs)(
  '$name holds for fifty seeds',
  async ({ name, units }) => {
    const sources = [
      `${here}/${name}.c`,
      `${here}/support.c`,
      ...units.map((u) => join(kernel, u)),
    ];
    const program = join(work, name);
    await execa('gcc', [...FLAGS, ...SANITIZERS, '-isystem', include, '-o', program, ...sources]);
    const seeds = Array.from({ length: 50 }, (_, i) => String(i + 1));
    const { exitCode, stderr } = await execa(program, seeds, { reject: false });
    expect(stderr).toBe('');
    expect(exitCode).toBe(0);
  },
  SLOW_MS,
);
