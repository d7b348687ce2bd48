// Starts a machine, waits until its dom0 takes commands, and ends it for sure.
import { spawn } from 'node:child_process';
import {
  existsSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { execa } from 'execa';
import type { Images } from '../image/images.ts';
import { runDir } from '../paths.ts';
import type { XenVersion } from '../xen-version.ts';
import { ensureDisk } from './disk.ts';
import { imagesFor } from './early-build.ts';
import { isAlive, isStill, type ProcessId, processId } from './process-id.ts';
import { type MachineOptions, qemuArguments, qemuMajor } from './qemu.ts';
import { openChannel } from './ssh.ts';

const bootTimeoutMs = 300_000;
/** From then on a machine that does nothing is taken for dead. */
const patienceMs = 60_000;

/** A running machine, as data: what another process needs to use it too. */
export interface Machine {
  readonly xen: XenVersion;
  readonly qemu: ProcessId;
  readonly sshPort: number;
  /** Its own directory: console log, control socket, known_hosts. */
  readonly dir: string;
  readonly key: string;
  /** The directory of the images that it was booted from. */
  readonly image: string;
}

export const consoleLog = (machine: Pick<Machine, 'dir'>): string =>
  join(machine.dir, 'console.log');

/** All that Xen and dom0 printed. */
export const consoleText = (machine: Pick<Machine, 'dir'>): string =>
  readFileSync(consoleLog(machine), 'latin1').replaceAll('\r', '');

/** The last lines that they printed. */
export const consoleTail = (machine: Pick<Machine, 'dir'>, lines = 25): string =>
  consoleText(machine).trimEnd().split('\n').slice(-lines).join('\n');

/** A machine's record in its directory. */
const recordPath = (dir: string): string => join(dir, 'machine.json');

/** Removes what dead machines left, whose processes could not do it themselves. */
const sweep = (runs: string): void => {
  for (const name of readdirSync(runs)) {
    const record = recordPath(join(runs, name));
    if (!existsSync(record)) continue;
    const { qemu } = JSON.parse(readFileSync(record, 'utf8')) as Machine;
    if (!isAlive(qemu)) rmSync(join(runs, name), { recursive: true, force: true });
  }
};

const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer();
    server.on('error', reject).listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });

/** Whether an SSH server greets on the port within `timeoutMs`. */
export const greets = (port: number, timeoutMs: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    const end = (answer: boolean): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(timeoutMs, () => end(false));
    socket.on('error', () => end(false)).on('close', () => end(false));
    socket.on('data', (data) => end(data.toString('latin1').startsWith('SSH-')));
  });

type BootOptions = MachineOptions & {
  readonly keep: boolean;
  /** Told why before a boot is tried again; may throw. */
  readonly onDeath?: (why: string) => void;
};

/** A machine that has ended or stands still before its dom0 took a command. */
class DeadOnArrival extends Error {}

/** The emulator's fault, mostly: see emulator-fault.ts. A host that cannot boot fails them all. */
const MOST_BOOTS = 3;

/**
 * Boots a machine. Unless `keep` is set it ends with this process, however that dies: the kernel
 * kills it by its parent-death signal.
 */
export const boot = async (
  images: Images,
  options: BootOptions,
  signal?: AbortSignal,
): Promise<Machine> => {
  for (let boots = 1; ; boots++) {
    try {
      return await bootOnce(images, options, signal);
    } catch (error) {
      if (!(error instanceof DeadOnArrival) || boots === MOST_BOOTS) throw error;
      options.onDeath?.(error.message);
    }
  }
};

const bootOnce = async (
  images: Images,
  options: BootOptions,
  signal?: AbortSignal,
): Promise<Machine> => {
  sweep(runDir());
  const dir = mkdtempSync(join(runDir(), `${options.xen}-`));
  const sshPort = await freePort();
  const log = join(dir, 'console.log');
  const errors = join(dir, 'qemu.log');
  writeFileSync(log, '');
  const booted = await imagesFor(images, options.xenstored, dir);
  if (options.disk !== undefined) await ensureDisk(options.disk, images);
  const qemu = 'qemu-system-x86_64';
  const major = qemuMajor((await execa(qemu, ['--version'])).stdout);
  const args = qemuArguments(booted, options, { sshPort, consoleLog: log, major });
  const stderr = openSync(errors, 'w');
  const [command, commandArgs] = options.keep
    ? [qemu, args]
    : ['setpriv', ['--pdeathsig', 'KILL', '--', qemu, ...args]];
  const child = spawn(command, commandArgs, {
    detached: true,
    stdio: ['ignore', stderr, stderr],
  });
  await new Promise<void>((resolve, reject) => {
    child.on('spawn', resolve).on('error', reject);
  });
  child.unref();
  const machine: Machine = {
    xen: options.xen,
    qemu: processId(child.pid as number),
    sshPort,
    dir,
    key: images.key,
    image: images.dir,
  };
  writeFileSync(join(dir, 'known_hosts'), `[127.0.0.1]:${sshPort} ${images.hostKey}\n`);
  writeFileSync(recordPath(dir), JSON.stringify(machine));
  try {
    await ready(machine, signal);
    return machine;
  } catch (error) {
    const why = readFileSync(errors, 'utf8').trim();
    const said = consoleTail(machine);
    await end(machine);
    const reason = error instanceof Error ? error.message : String(error);
    const text = [reason, why, said && `its last words:\n${said}`];
    const Kind = error instanceof DeadOnArrival ? DeadOnArrival : Error;
    throw new Kind(text.filter(Boolean).join('\n'));
  }
};

const ready = async (machine: Machine, signal?: AbortSignal): Promise<void> => {
  const deadline = Date.now() + bootTimeoutMs;
  while (!(await greets(machine.sshPort, 500))) {
    signal?.throwIfAborted();
    if (!isAlive(machine.qemu)) throw new DeadOnArrival('the lab host ended while it booted');
    const leftMs = deadline - Date.now();
    if (leftMs < 0) throw new Error(`the lab host did not boot within ${bootTimeoutMs / 1000} s`);
    if (bootTimeoutMs - leftMs > patienceMs && (await isStill(machine.qemu))) {
      throw new DeadOnArrival('the lab host stood still while it booted');
    }
    await sleep(100);
  }
  await openChannel(machine, deadline);
};

/** Until a machine that was told to end has ended. */
export const ended = async ({ qemu }: Machine, timeoutMs: number): Promise<void> => {
  const deadline = Date.now() + timeoutMs;
  while (isAlive(qemu)) {
    if (Date.now() > deadline) throw new Error(`the lab host did not end in ${timeoutMs / 1000} s`);
    await sleep(100);
  }
};

/** Ends a machine and removes its directory; harmless when it has ended already. */
export const end = async (machine: Machine): Promise<void> => {
  if (isAlive(machine.qemu)) {
    process.kill(machine.qemu.pid, 'SIGKILL');
    for (let i = 0; i < 500 && isAlive(machine.qemu); i++) await sleep(10);
  }
  rmSync(machine.dir, { recursive: true, force: true });
};
