// Programs that the set-up starts: their status, and that they do not outlive it.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { run } from './run.mjs';

it.each([
  ['the status of the program', 'exit 7', 7],
  ['success', 'true', 0],
  ['128 and the signal that ended it', 'kill -TERM $$', 143],
])('the result is %s', async (_, script, status) => {
  expect(await run('sh', '-c', script)).toBe(status);
});

const gone = async (pid: number): Promise<boolean> => {
  for (let i = 0; i < 100 && existsSync(`/proc/${pid}`); i++) await sleep(50);
  return !existsSync(`/proc/${pid}`);
};

it.each([
  ['is killed', (setUp: number, _shell: number) => process.kill(setUp, 'SIGKILL')],
  ['is told to end', (setUp: number, _shell: number) => process.kill(setUp, 'SIGTERM')],
  ["loses npm's shell", (_setUp: number, shell: number) => process.kill(shell, 'SIGKILL')],
])('a program ends when the set-up %s', async (_, end) => {
  const module = `${import.meta.dirname}/run.mjs`;
  const script = `import('${module}').then(({ run }) =>
    run('sh', '-c', 'echo $$; exec sleep 60').then((status) => process.exit(status)))`;
  const shell = spawn('sh', ['-c', '"$0" -e "$1" & echo $!; wait', process.execPath, script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let said = '';
  shell.stdout.on('data', (data: Buffer) => {
    said += data.toString();
  });
  while (said.trim().split('\n').length < 2) await once(shell.stdout, 'data');
  const [setUp, program] = said.trim().split('\n').map(Number) as [number, number];
  end(setUp, shell.pid as number);
  expect(await gone(program)).toBe(true);
  shell.kill('SIGKILL');
});
