/**
 * Programs that serve something for this process, and are not to outlive it.
 *
 * The kernel sends SIGTERM to one when our process dies, however it dies (PR_SET_PDEATHSIG, by way
 * of setpriv(1) of util-linux, which Debian is never without: Node cannot ask for it). Between its
 * birth and that it may yet survive us, and it may take its time to end: so the next one looks at
 * the number that it left in a file, and has it ended first.
 */

import { type ChildProcess, spawn } from 'node:child_process';
import { accessSync, constants, readFileSync, rmSync } from 'node:fs';
import { fail, ok, type Result } from '../../core/result.ts';
import type { Clock } from '../clock.ts';
import { isAlive, processId } from './process-id.ts';

/** Not those of the environment: a process with root's rights runs what it finds. */
export const PROGRAM_FOLDERS = ['/usr/sbin', '/usr/bin', '/sbin', '/bin', '/usr/local/bin'];

/** What is kept of a program's words: the last ones. */
const WORDS_MAX = 4096;
/** Between looks at what tells of itself in no other way: at first, and at most. */
const LOOK_FIRST_MS = 5;
const LOOK_MAX_MS = 50;
/** Until a program has to listen, or a predecessor has to have ended. */
const WAIT_MS = 5000;

export interface ServerProcess {
  readonly child: ChildProcess;
  /** Once it has ended: how. */
  readonly ended: Promise<string>;
  hasEnded(): boolean;
  /** The last of what it has said. */
  words(): string;
}

/** ENOENT: it is in none of the folders. */
export function findProgram(
  name: string,
  debianPackage: string,
  folders: readonly string[] = PROGRAM_FOLDERS,
): Result<string> {
  for (const folder of folders) {
    try {
      accessSync(`${folder}/${name}`, constants.X_OK);
      return ok(`${folder}/${name}`);
    } catch {
      // Then in the next one.
    }
  }
  return fail('ENOENT', `${name} is not installed: apt-get install ${debianPackage}`);
}

/** Looks again and again; false if it has not come true in time. */
export async function becomes(clock: Clock, condition: () => boolean): Promise<boolean> {
  const end = clock.nowMs() + WAIT_MS;
  for (let ms = LOOK_FIRST_MS; !condition(); ms = Math.min(2 * ms, LOOK_MAX_MS)) {
    if (clock.nowMs() >= end) return false;
    await clock.sleep(ms);
  }
  return true;
}

/** The number in a file; undefined if there is none. */
export function numberIn(path: string): number | undefined {
  try {
    const found = /^([1-9][0-9]{0,9})\n?$/.exec(readFileSync(path, 'latin1'));
    return found === null ? undefined : Number(found[1]);
  } catch {
    return undefined;
  }
}

/** The words of a process's command line; none if there is no such process. */
function commandOf(pid: number): readonly string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
  } catch {
    return [];
  }
}

/**
 * Ends the process that left its number at `pidPath`, if it is still that program. EBUSY: it does
 * not end. It is never killed: what it has not written yet would be lost.
 */
export async function endPredecessor(
  pidPath: string,
  isIt: (command: readonly string[]) => boolean,
  clock: Clock,
): Promise<Result<void>> {
  const pid = numberIn(pidPath);
  if (pid === undefined) return ok();
  const id = processId(pid);
  // Its number is another one's by now, perhaps.
  if (!isIt(commandOf(pid)) || !isAlive(id)) return ok();
  try {
    process.kill(pid, 'SIGTERM');
  } catch {
    return ok();
  }
  if (await becomes(clock, () => !isAlive(id))) return ok();
  return fail('EBUSY', `process ${pid} served it before and has not ended yet`);
}

/** Removes the file of a number, unless another one's is in it by now. */
export function forgetNumber(path: string, pid: number | undefined): void {
  if (pid !== undefined && numberIn(path) === pid) rmSync(path, { force: true });
}

/** Starts a program, by its path; ENOENT: there is no setpriv, or no such program. */
export function startProcess(program: string, args: readonly string[]): Result<ServerProcess> {
  const setpriv = findProgram('setpriv', 'util-linux');
  if (!setpriv.ok) return setpriv;
  // In a session of its own: keys that end a terminal's programs end us, and we end it.
  const child = spawn(setpriv.value, ['--pdeathsig', 'TERM', program, ...args], {
    ...{ stdio: ['ignore', 'ignore', 'pipe'], cwd: '/', detached: true },
    env: { PATH: PROGRAM_FOLDERS.join(':'), LC_ALL: 'C' },
  });
  let words = '';
  let hasEnded = false;
  child.stderr?.on('data', (bytes: Buffer) => {
    words = (words + bytes.toString('latin1')).slice(-WORDS_MAX);
  });
  child.stderr?.on('error', () => {});
  const ended = new Promise<string>((resolve) => {
    const end = (how: string): void => {
      hasEnded = true;
      resolve(how);
    };
    child.once('error', (error) => end(error.message));
    // All its words have come by then.
    child.once('close', (code, signal) => end(signal ?? `exit code ${code}`));
  });
  return ok({ child, ended, hasEnded: () => hasEnded, words: () => words });
}
