// Runs commands in dom0 and collects what they say.
import { setTimeout as sleep } from 'node:timers/promises';
import { execa } from 'execa';
import { isAlive } from '../../../shared/platform/unix/process-id.ts';
import { consoleTail, type Machine } from './boot.ts';
import { endCommand, sshCommand } from './ssh.ts';

export interface Outcome {
  readonly stdout: string;
  readonly stderr: string;
  readonly code: number;
}

export interface RunOptions {
  /** What the command reads from its standard input. */
  readonly input?: string | Uint8Array;
  /** After that time the command counts as hung. */
  readonly timeoutMs?: number;
}

/** Longer than any command of a test should take, also on a machine that emulates several hosts. */
const defaultTimeoutMs = 900_000;

/** What a command that was ended may still take to go. */
const graceMs = 5000;

let commands = 0;

/**
 * Runs a command in dom0's bash. Its failure is an outcome; the host's death and a command that
 * takes too long are errors that say what the host printed last.
 */
export const runInDom0 = async (
  machine: Machine,
  command: string,
  { input = '', timeoutMs = defaultTimeoutMs }: RunOptions = {},
): Promise<Outcome> => {
  const id = `run${++commands}-${process.pid}`;
  const ssh = execa('ssh', sshCommand(machine, command, id), {
    input,
    reject: false,
    stripFinalNewline: false,
  });
  const late = Symbol();
  const timer = new AbortController();
  const first = await Promise.race([ssh, sleep(timeoutMs, late, timer)]);
  timer.abort();
  if (first === late) await endCommand(machine, id);
  const ended = await Promise.race([ssh, sleep(graceMs, undefined, { ref: false })]);
  if (!isAlive(machine.qemu)) {
    throw new Error(`the lab host ended during: ${command}\n${consoleTail(machine)}`);
  }
  if (first === late || ended?.exitCode === undefined) {
    const why = first === late ? `took more than ${timeoutMs / 1000} s` : 'was interrupted';
    const said = `${ended?.stdout ?? ''}${ended?.stderr ?? ''}`;
    throw new Error(`${why}: ${command}\n${said}\n${consoleTail(machine)}`);
  }
  return { stdout: ended.stdout, stderr: ended.stderr, code: ended.exitCode };
};
