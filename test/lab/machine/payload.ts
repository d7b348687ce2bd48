// Brings the current build into dom0: build/xtl becomes /usr/lib/xtl.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { treeHash } from '../image/stage.ts';
import { repoRoot } from '../paths.ts';
import type { Machine } from './boot.ts';
import { sshCommand } from './ssh.ts';

const build = join(repoRoot, 'build');

/** Pushes the build unless this machine has it already. */
export const pushBuild = async (machine: Machine): Promise<void> => {
  if (!existsSync(join(build, 'xtl'))) return;
  const hash = treeHash(build, ['xtl']);
  const mark = join(machine.dir, 'build');
  if (existsSync(mark) && readFileSync(mark, 'utf8') === hash) return;
  const install = 'rm -rf /usr/lib/xtl && tar -C /usr/lib -xf -';
  const packed = execa('tar', ['-C', build, '--owner=0', '--group=0', '-cf', '-', 'xtl'], {
    buffer: false,
  });
  await packed.pipe('ssh', sshCommand(machine, install));
  writeFileSync(mark, hash);
};
