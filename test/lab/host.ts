// The lab for tests and benchmarks: one host, and a few verbs for it and its guests.
import { execa } from 'execa';
import { openConsole } from './guest-console.ts';
import { ensureImages } from './image/images.ts';
import { boot, consoleTail, end, type Machine } from './machine/boot.ts';
import { pushBuild } from './machine/payload.ts';
import { isAlive } from './machine/process-id.ts';
import { sshCommand } from './machine/ssh.ts';
import type { XenVersion } from './xen-version.ts';

export interface HostOptions {
  readonly xen?: XenVersion;
  /** `c`, `ocaml`, or the path of a program in dom0. */
  readonly xenstored?: string;
}

export interface Ran {
  readonly stdout: string;
  readonly stderr: string;
  readonly code: number;
}

export interface Guest {
  readonly name: string;
  /** Until its shell asks for a command. Fails with what the console said. */
  waitForPrompt(timeoutMs?: number): Promise<void>;
  /** Runs a command in its shell; the value is what it printed. Fails if its status is not 0. */
  run(command: string, timeoutMs?: number): Promise<string>;
  /** All that its console said since it was attached. */
  consoleText(): string;
  destroy(): Promise<void>;
}

export interface BootOptions {
  /** Settings that come after those of the file: `vcpus=2`. */
  readonly settings?: readonly string[];
  readonly by?: 'xtl' | 'xl';
  /** Whose console client is used. */
  readonly console?: 'xtl' | 'xl';
}

export interface LabHost {
  /** Runs a command in dom0's bash. */
  run(command: string, input?: string): Promise<Ran>;
  /** As run; fails unless the status is 0. The value is what it printed. */
  must(command: string): Promise<string>;
  /** Creates the guest of `/root/guests/NAME.cfg` and attaches to its console. */
  bootGuest(name: string, options?: BootOptions): Promise<Guest>;
  /** What Xen printed, as `xl dmesg` has it. */
  xenLog(): Promise<string>;
  /** Ends the host; harmless when it has ended. */
  end(): Promise<void>;
}

/** Boots a host of its own for the caller; it also ends with the caller's process. */
export const labHost = async (options: HostOptions = {}): Promise<LabHost> => {
  const images = await ensureImages(() => {});
  const { xen = '4.17', xenstored = 'c' } = options;
  const machine = await boot(images, { xen, xenstored, accel: 'tcg', keep: false });
  await pushBuild(machine);
  const host: LabHost = {
    run: (command, input = '') => runIn(machine, command, input),
    must: async (command) => {
      const { code, stdout, stderr } = await runIn(machine, command, '');
      if (code !== 0) throw new Error(`${command}: status ${code}\n${stderr || stdout}`);
      return stdout;
    },
    bootGuest: (name, how) => bootGuest(host, machine, name, how),
    xenLog: () => host.must('xl dmesg'),
    end: () => end(machine),
  };
  return host;
};

const runIn = async (machine: Machine, command: string, input: string): Promise<Ran> => {
  const { stdout, stderr, exitCode } = await execa('ssh', sshCommand(machine, command), {
    input,
    reject: false,
    stripFinalNewline: false,
  });
  if (!isAlive(machine.qemu)) {
    throw new Error(`the lab host ended; its last words:\n${consoleTail(machine)}`);
  }
  return { stdout, stderr, code: exitCode ?? 1 };
};

const bootGuest = async (
  host: LabHost,
  machine: Machine,
  name: string,
  { settings = [], by = 'xtl', console = 'xtl' }: BootOptions = {},
): Promise<Guest> => {
  const words = settings.map((setting) => ` '${setting}'`).join('');
  await host.must(`${by} create -q guests/${name}.cfg${words}`);
  const terminal = openConsole(machine, `${console} console ${name}`);
  return {
    name,
    waitForPrompt: terminal.waitForPrompt,
    run: terminal.run,
    consoleText: terminal.text,
    destroy: async () => {
      terminal.close();
      await host.must(`${by} destroy ${name}`);
    },
  };
};
