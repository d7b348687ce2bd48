// A guest's console as a test uses it: wait for the prompt, type a command, read what it said.
import { spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Machine } from './machine/boot.ts';
import { sshOptions } from './machine/ssh.ts';

export const PROMPT = 'xtl-guest# ';

const BOOT_TIMEOUT_MS = 180_000;
const COMMAND_TIMEOUT_MS = 60_000;
const POLL_MS = 50;

export interface GuestConsole {
  waitForPrompt(timeoutMs?: number): Promise<void>;
  run(command: string, timeoutMs?: number): Promise<string>;
  text(): string;
  close(): void;
}

/** Runs a console client in dom0 on a terminal; what the guest said before it came is still there. */
export const openConsole = (machine: Machine, client: string): GuestConsole => {
  const program = `export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin; exec ${client}`;
  const options = [...sshOptions(machine), '-o', 'ControlMaster=no', '-tt', 'root@127.0.0.1'];
  const ssh = spawn('ssh', [...options, program], { stdio: ['pipe', 'pipe', 'inherit'] });
  let said = '';
  let ended: string | undefined;
  ssh.stdout.setEncoding('latin1').on('data', (text: string) => {
    said += text;
  });
  ssh.on('exit', (code) => {
    ended = `the console's client ended with ${code}`;
  });

  /** Until `find` has something in what was said since `from`. */
  const until = async <T>(from: number, find: (text: string) => T | null, timeoutMs: number) => {
    const deadline = Date.now() + timeoutMs;
    for (;;) {
      const found = find(said.slice(from));
      if (found !== null) return found;
      const why = Date.now() > deadline ? `nothing within ${timeoutMs / 1000} s` : ended;
      if (why !== undefined) throw new Error(`${why}; the console said:\n${said.slice(-2000)}`);
      await sleep(POLL_MS);
    }
  };

  let commands = 0;
  return {
    waitForPrompt: async (timeoutMs = BOOT_TIMEOUT_MS) => {
      await until(0, (text) => (text.includes(PROMPT) ? true : null), timeoutMs);
    },
    run: async (command, timeoutMs = COMMAND_TIMEOUT_MS) => {
      const from = said.length;
      const mark = `done${++commands}`;
      // The terminal echoes what is typed: the mark that counts is the one that the shell expands.
      ssh.stdin.write(`${command}; echo "${mark}=$?="\n`);
      const pattern = new RegExp(`${mark}=([0-9]+)=`);
      const match = await until(from, (text) => pattern.exec(text), timeoutMs);
      const output = match.input.slice(match.input.indexOf('\n') + 1, match.index).trim();
      if (match[1] !== '0')
        throw new Error(`${command}: status ${match[1]} in the guest: ${output}`);
      return output.replaceAll('\r', '');
    },
    text: () => said,
    close: () => {
      ssh.kill();
    },
  };
};
