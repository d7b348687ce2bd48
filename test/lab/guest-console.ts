// A guest's console as a test uses it: wait for the prompt, type a command, read what it said.
import { spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Machine } from './machine/boot.ts';
import { prelude, sshOptions } from './machine/ssh.ts';
import { typed } from './typed.ts';

export const PROMPT = 'xtl-guest# ';

/** A host gets a fraction of a processor where others run beside it. */
const BOOT_TIMEOUT_MS = 300_000;
const COMMAND_TIMEOUT_MS = 180_000;
const POLL_MS = 50;

export interface GuestConsole {
  waitForPrompt(timeoutMs?: number): Promise<void>;
  run(command: string, timeoutMs?: number): Promise<string>;
  text(): string;
  close(): void;
}

/**
 * Runs a console client in dom0 on a terminal; what the guest said before it came is still there.
 */
export const openConsole = (machine: Machine, client: string): GuestConsole => {
  const options = [...sshOptions(machine), '-o', 'ControlMaster=no', '-tt', 'root@127.0.0.1'];
  const program = `${prelude}; exec ${client}`;
  const ssh = spawn('ssh', [...options, program], { stdio: ['pipe', 'pipe', 'inherit'] });
  let said = '';
  let ended: string | undefined;
  ssh.stdout.setEncoding('latin1').on('data', (text: string) => {
    said += text;
  });
  ssh.stdin.on('error', () => {});
  ssh.on('exit', (code) => {
    ended = `the console's client ended with ${code}`;
  });

  /** Until `find` has something in what was said since `from`. */
  const until = async <T>(
    from: number,
    find: (text: string) => T | undefined,
    timeoutMs: number,
  ) => {
    const deadline = Date.now() + timeoutMs;
    for (;;) {
      const found = find(said.slice(from));
      if (found !== undefined) return found;
      const why = Date.now() > deadline ? `nothing within ${timeoutMs / 1000} s` : ended;
      if (why !== undefined) throw new Error(`${why}; the console said:\n${said.slice(-2000)}`);
      await sleep(POLL_MS);
    }
  };

  let commands = 0;
  return {
    waitForPrompt: async (timeoutMs = BOOT_TIMEOUT_MS) => {
      await until(0, (text) => text.includes(PROMPT) || undefined, timeoutMs);
    },
    run: async (command, timeoutMs = COMMAND_TIMEOUT_MS) => {
      const from = said.length;
      const { line, parse } = typed(command, `m${++commands}x`);
      ssh.stdin.write(line);
      const { stdout, code } = await until(from, parse, timeoutMs);
      const output = stdout.trim();
      if (code !== 0) throw new Error(`${command}: status ${code} in the guest: ${output}`);
      return output;
    },
    text: () => said,
    close: () => {
      ssh.kill();
    },
  };
};
