/**
 * Going into the background. Node cannot fork: a second process is started that serves, and the
 * first one ends once that is ready, as whoever starts a daemon expects.
 */

import { spawn } from 'node:child_process';
import { closeSync, writeSync } from 'node:fs';
import type { Readable } from 'node:stream';

/** Tells the second process where the first one listens. */
const READY_FD = 'XTL_XENSTORED_READY_FD';
const FD = 3;
const READY = 'ready';

/** Whether this is the process in the background. */
export function inBackground(env: NodeJS.ProcessEnv = process.env): boolean {
  return env[READY_FD] !== undefined;
}

/** Tells the first process that we serve, or why we cannot. */
export function tellStarter(failure?: string): void {
  const fd = Number(process.env[READY_FD]);
  if (!Number.isInteger(fd)) return;
  try {
    writeSync(fd, failure ?? READY);
    closeSync(fd);
  } catch {
    // Whoever started us is gone already, and nobody waits.
  }
}

/** Starts the same program in the background; its process id, or why it does not serve. */
export function startInBackground(words: readonly string[]): Promise<number | string> {
  return new Promise((resolve) => {
    const script = process.argv[1] as string;
    const child = spawn(process.execPath, [...process.execArgv, script, ...words], {
      detached: true,
      cwd: '/',
      env: { ...process.env, [READY_FD]: String(FD) },
      stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
    });
    let said = '';
    const pipe = child.stdio[FD] as Readable;
    pipe.setEncoding('utf8');
    pipe.on('data', (text: string) => {
      said += text;
    });
    let ended = '';
    child.on('error', (error) => resolve(error.message));
    child.on('exit', (code, signal) => {
      ended = `it ended with ${signal ?? `status ${code}`}`;
    });
    pipe.on('close', () => {
      // A crash closes the pipe before its exit is known.
      const answer = (): void => resolve(said === READY ? (child.pid ?? 0) : said || ended);
      if (said === '' && ended === '') child.on('exit', answer);
      else answer();
    });
  });
}
