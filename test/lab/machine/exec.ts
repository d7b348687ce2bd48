// Runs commands in dom0 and collects what they say.
import { execa } from 'execa';
import { consoleTail, type Machine } from './boot.ts';
import { isAlive } from './process-id.ts';
import { sshCommand } from './ssh.ts';

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

/**
 * Runs a command in dom0's bash. Its failure is an outcome; the host's death and a command that
 * takes too long are errors that say what the host printed last.
 */
export const runInDom0 = async (
  machine: Machine,
  command: string,
  { input = '', timeoutMs = defaultTimeoutMs }: RunOptions = {},
): Promise<Outcome> => {
  const result = await execa('ssh', sshCommand(machine, command), {
    input,
    timeout: timeoutMs,
    reject: false,
    stripFinalNewline: false,
  });
  const { stdout, stderr, exitCode, timedOut } = result;
  if (!isAlive(machine.qemu)) {
    throw new Error(`the lab host ended during: ${command}\n${consoleTail(machine)}`);
  }
  if (timedOut || exitCode === undefined) {
    const why = timedOut ? `took more than ${timeoutMs / 1000} s` : 'was interrupted';
    throw new Error(`${why}: ${command}\n${stdout}${stderr}\n${consoleTail(machine)}`);
  }
  return { stdout, stderr, code: exitCode };
};
