/** Scripts as processes, each with all that it starts in a group of its own. */

import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { fail, ok } from '../../core/result.ts';
import type { RunScript } from '../scripts.ts';
import { reasonOf } from './reason.ts';
import { PROGRAM_FOLDERS } from './server-process.ts';

/** What is kept of a script's words: the last ones. */
const WORDS_MAX = 1024;
/** For its last words to be read, where what it has left behind holds their pipe. */
const WORDS_MS = 200;

/** The last line, for a message. */
function lastLine(words: string): string {
  const lines = words.split('\n').map((line) => line.replace(/[^ -~]+/g, ' ').trim());
  return lines.findLast((line) => line !== '') ?? '';
}

function endGroup(pid: number | undefined): void {
  try {
    if (pid !== undefined) process.kill(-pid, constants.signals.SIGKILL);
  } catch {
    // All of it has ended.
  }
}

export const runScript: RunScript = ({ path, args, env, timeoutMs }) =>
  new Promise((resolve) => {
    const child = spawn(path, args, {
      ...{ stdio: ['ignore', 'pipe', 'pipe'], cwd: '/', detached: true },
      env: { PATH: PROGRAM_FOLDERS.join(':'), LC_ALL: 'C', ...env },
    });
    let words = '';
    const hear = (bytes: Buffer): void => {
      words = (words + bytes.toString('latin1')).slice(-WORDS_MAX);
    };
    const pipes = [child.stdout, child.stderr];
    for (const pipe of pipes) pipe.on('data', hear);
    let timer = setTimeout(() => {
      endGroup(child.pid);
      settle(fail('ETIMEDOUT', `it has not ended after ${timeoutMs / 1000} s`));
    }, timeoutMs);
    const settle: typeof resolve = (result) => {
      clearTimeout(timer);
      // What it has left in the background may hold them, and hold us up.
      for (const pipe of pipes) pipe.destroy();
      resolve(result);
    };
    child.once('error', (error) => {
      const { errno, words: why } = reasonOf(error);
      settle(fail(errno, `it cannot be started: ${why}`));
    });
    let how = '';
    const end = (): void => {
      const said = lastLine(words);
      if (how === '') settle(ok());
      else settle(fail('EIO', said === '' ? how : `${said} (${how})`));
    };
    child.once('exit', (code, signal) => {
      if (code !== 0) how = signal === null ? `status ${code}` : `ended by ${signal}`;
      clearTimeout(timer);
      timer = setTimeout(end, WORDS_MS);
    });
    child.once('close', end);
  });
