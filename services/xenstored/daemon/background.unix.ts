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

/** To the first process, which tells its user. */
export interface Starter {
  /** A line about what is not as it was asked for; we serve nevertheless. */
  note(line: string): void;
  /** We serve, or do not: why. The first call counts. */
  end(failure?: string): void;
}

export function createStarter(env: NodeJS.ProcessEnv = process.env): Starter {
  let fd = Number(env[READY_FD] ?? Number.NaN);
  const say = (text: string): void => {
    if (!Number.isInteger(fd)) return;
    try {
      writeSync(fd, text);
    } catch {
      // Whoever started us is gone already, and nobody waits.
    }
  };
  return {
    note: (line) => say(`${line}\n`),
    end: (failure = READY) => {
      say(failure);
      if (Number.isInteger(fd)) closeSync(fd);
      fd = Number.NaN;
    },
  };
}

export interface Started {
  /** The process id of what serves now. */
  readonly pid: number;
  readonly notes: readonly string[];
}

/** What the second process said: notes, then that it serves; else why it does not. */
function startedFrom(said: string, pid: number): Started | undefined {
  const notes = said.split('\n');
  return notes.pop() === READY ? { pid, notes } : undefined;
}

/** Starts the same program in the background; why it does not serve, if it does not. */
export function startInBackground(words: readonly string[]): Promise<Started | string> {
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
      const answer = (): void => resolve(startedFrom(said, child.pid ?? 0) ?? (said || ended));
      if (said === '' && ended === '') child.on('exit', answer);
      else answer();
    });
  });
}
