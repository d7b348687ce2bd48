// The lab for tests and benchmarks: one host, and a few verbs for it and its guests.
import { basename } from 'node:path';
import { execa } from 'execa';
import type { Fault } from './emulator-fault.ts';
import { type GuestConsole, openConsole } from './guest-console.ts';
import { ensureImages, type ImageKind } from './image/images.ts';
import { consoleText, end, ended, type Machine } from './machine/boot.ts';
import { type Outcome, type RunOptions, runInDom0 } from './machine/exec.ts';
import { sshCommand, sshShell } from './machine/ssh.ts';
import { isStill } from './machine/still.ts';
import { bringUp } from './machine/up.ts';
import { withGuests } from './with-guests.ts';
import type { XenVersion } from './xen-version.ts';

export interface HostOptions {
  readonly xen?: XenVersion;
  /** `c`, `ocaml`, `stubdom`, `xtl-stubdom`, or the path of a program in dom0. */
  readonly xenstored?: string;
  /** Two unless given. */
  readonly cpus?: number;
  /** `plain` unless given. */
  readonly image?: ImageKind;
  /** A file of this machine that is dom0's disk and keeps what is written; made if it is absent. */
  readonly disk?: string;
  /** Told what happens while images are made. */
  readonly say?: (text: string) => void;
  /** Told of every fault of the emulator before anything is begun anew; may throw. */
  readonly onFault?: (fault: Fault) => void;
}

export interface Guest {
  readonly name: string;
  /** Until its shell asks for a command. Fails with what the console said. */
  waitForPrompt(timeoutMs?: number): Promise<void>;
  /** Runs a command in its shell; the value is what it printed. Fails if its status is not 0. */
  run(command: string, timeoutMs?: number): Promise<string>;
  /** All that its console said since it was attached. */
  consoleText(): string;
  /** Asks it to power off and waits until it is gone. */
  shutdown(): Promise<void>;
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
  /** Runs a command in dom0's bash; a text in place of options is its standard input. */
  run(command: string, options?: string | RunOptions): Promise<Outcome>;
  /** As run; fails unless the status is 0. The value is what it printed. */
  must(command: string, options?: RunOptions): Promise<string>;
  /** Copies a file of this machine into dom0, executable, and returns its path there. */
  push(file: string, to?: string): Promise<string>;
  /** Creates the guest of `/root/guests/NAME.cfg` and attaches to its console. */
  bootGuest(name: string, options?: BootOptions): Promise<Guest>;
  /**
   * Takes the steps of a test whose domains run. If they fail and the emulator has killed a domain
   * meanwhile, takes them anew, four times at most: from no guests, or, where xenstore is a domain
   * or the whole machine has stopped, on a host booted anew. Every such test goes through it.
   */
  withGuests<T>(steps: () => Promise<T>): Promise<T>;
  /** A shell in dom0 on this terminal; its status, once the user has left it. */
  shell(): Promise<number>;
  /** What Xen printed, as `xl dmesg` has it. */
  xenLog(): Promise<string>;
  /** The machine's serial console: what Xen and dom0 said from the start, also of a dead host. */
  consoleText(): string;
  /** Boots dom0 and Xen anew with what is on the disk; `power cut` does not tell dom0 before. */
  restart(how: 'reboot' | 'power cut'): Promise<void>;
  /** Ends the host; harmless when it has ended. */
  end(): Promise<void>;
}

/** Until a machine that was told to reboot is gone (its QEMU does not start it again). */
const REBOOT_MS = 120_000;

/** Ends the processes of xl that watch over a domain, then the domains, if they are there still. */
const END_GUESTS = `pkill -x xl
xl list | awk 'NR > 1 && $2 > 0 { print $2 }' | xargs -r -n 1 xl destroy || true`;

/** Of all that is known of a host's death: why, and its very last words. */
const hostDied = (text: string): Fault => {
  const lines = text.trim().split('\n');
  return { guest: 'the host', words: [lines[0], ...lines.slice(1).slice(-1)].join(': ') };
};

const tellBy =
  (say: (text: string) => void) =>
  ({ guest, words }: Fault): void =>
    say(`begun anew, since the emulator failed: ${guest}: ${words}`);

/** Boots a host of its own for the caller; it also ends with the caller's process. */
export const labHost = async (options: HostOptions = {}): Promise<LabHost> => {
  const { xen = '4.17', xenstored = 'c', cpus = 2, image = 'plain', disk } = options;
  const { say = console.warn } = options;
  const onFault = options.onFault ?? tellBy(say);
  const images = await ensureImages(say, image);
  const start = (): Promise<Machine> => {
    const how = { xen, xenstored, cpus, image, disk, accel: 'tcg', keep: false } as const;
    const onDeath = (why: string): void => {
      say(why);
      onFault(hostDied(why));
    };
    return bringUp(images, { ...how, onDeath });
  };
  let machine = await start();
  const isStoreDomain = xenstored.endsWith('stubdom');
  const bootAnew = async (): Promise<void> => {
    await end(machine);
    machine = await start();
  };
  const withoutGuests = async (): Promise<void> => {
    if (isStoreDomain) await bootAnew();
    else await host.must(END_GUESTS);
  };
  const terminals: GuestConsole[] = [];
  const guestsText = (): string => terminals.map((each) => each.text()).join('\n');
  const recovery = { isStill: () => isStill(machine.qemu), withoutGuests, bootAnew, onFault };
  const host: LabHost = {
    run: (command, how) =>
      runInDom0(machine, command, typeof how === 'string' ? { input: how } : how),
    must: async (command, runOptions) => {
      const { code, stdout, stderr } = await runInDom0(machine, command, runOptions);
      if (code !== 0) throw new Error(`${command}: status ${code}\n${stderr || stdout}`);
      return stdout;
    },
    push: async (file, to = `/root/${basename(file)}`) => {
      const command = `cat > '${to}' && chmod 755 '${to}'`;
      await execa('ssh', sshCommand(machine, command), { inputFile: file });
      return to;
    },
    bootGuest: (name, how) =>
      bootGuest(host, name, how, (client) => {
        const terminal = openConsole(machine, client);
        terminals.push(terminal);
        return terminal;
      }),
    withGuests: (steps) => withGuests({ ...host, guestsText }, isStoreDomain, steps, recovery),
    shell: async () => {
      const { exitCode } = await execa('ssh', sshShell(machine), {
        stdio: 'inherit',
        reject: false,
      });
      return exitCode ?? 1;
    },
    xenLog: () => host.must('xl dmesg'),
    consoleText: () => consoleText(machine),
    restart: async (how) => {
      if (how === 'reboot') {
        await host.run('sync; mount -o remount,ro /; reboot -f').catch(() => {});
        await ended(machine, REBOOT_MS);
      }
      await bootAnew();
    },
    end: () => end(machine),
  };
  return host;
};

const bootGuest = async (
  host: LabHost,
  name: string,
  { settings = [], by = 'xtl', console = 'xtl' }: BootOptions = {},
  attach: (client: string) => GuestConsole,
): Promise<Guest> => {
  // A triple fault counts as a reboot; a life that nobody asked for would be in the way.
  const words = ['on_reboot="destroy"', ...settings].map((setting) => ` '${setting}'`).join('');
  await host.must(`${by} create -q guests/${name}.cfg${words}`);
  const terminal = attach(`${console} console ${name}`);
  return {
    name,
    waitForPrompt: (timeoutMs) => terminal.waitForPrompt(timeoutMs),
    run: (command, timeoutMs) => terminal.run(command, timeoutMs),
    consoleText: () => terminal.text(),
    shutdown: async () => {
      await host.must(by === 'xl' ? `xl shutdown -w ${name}` : `xtl vm shutdown --wait ${name}`);
      terminal.close();
    },
    destroy: async () => {
      terminal.close();
      await host.must(`${by} destroy ${name}`);
    },
  };
};
