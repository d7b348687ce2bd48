/** The stub domain's kernel, where it runs on this machine: heap, codecs, the builder's words. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { compileHostProgram } from '../kernel/host-programs.ts';
import type { World } from './target.ts';

const work = mkdtempSync(join(tmpdir(), 'xtl-fuzz-'));
process.on('exit', () => rmSync(work, { recursive: true, force: true }));

/** A world is a program that draws all its input from the seeds that it is given. */
function programWorld(name: string): World {
  let program: Promise<string> | undefined;
  return async (seed, cases, done) => {
    program ??= compileHostProgram(name, work);
    const seeds = Array.from({ length: cases }, (_, i) => String(seed * cases + i));
    const { exitCode, stderr } = await execa(await program, seeds, { reject: false });
    if (exitCode !== 0) throw new Error(stderr);
    for (let i = 0; i < cases; i++) done();
  };
}

export const kernelWorlds: Readonly<Record<string, World>> = {
  heap: programWorld('heap'),
  codecs: programWorld('codecs'),
  start: programWorld('start'),
};
