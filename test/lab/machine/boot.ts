// Starts a machine, waits until its dom0 takes commands, and ends it for sure; up.ts has the rest.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
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
import { isAlive, type ProcessId, processId } from '../../../shared/platform/unix/process-id.ts';
import { bootFault } from '../emulator-fault.ts';
import type { Images } from '../image/images.ts';
import { runDir } from '../paths.ts';
import { withHypervisor } from './hypervisor.ts';
import { type MachineOptions, qemuArguments, qemuMajor } from './qemu.ts';
import { openChannel } from './ssh.ts';
import { isStill } from './still.ts';

const bootTimeoutMs = 300_000;
/** From then on a machine that does nothing is taken for dead. */
const patienceMs = 60_000;

/** What a machine's Xen is called: `4.17`, or `file-` and what stands for the path. */
export const xenName = ({ xen, hypervisor }: Pick<MachineOptions, 'xen' | 'hypervisor'>): string =>
  hypervisor === undefined
    ? xen
    : `file-${createHash('sha256').update(hypervisor).digest('hex').slice(0, 8)}`;

/** A running machine, as data: what another process needs to use it too. */
export interface Machine {
  /** See xenName. */
  readonly xen: string;
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

export interface StartOptions extends MachineOptions {
  /** It ends with this process, however that dies, unless this is set. */
  readonly keep: boolean;
  /** A socket for QEMU's monitor. */
  readonly monitor?: string;
  /** What a machine was when it was saved, to go on from there. */
  readonly saved?: Saved | undefined;
}

/** A machine's disk, its state and what its console had said, as files. */
export interface Saved {
  readonly disk: string;
  readonly state: string;
  readonly consoleLog: string;
}

/** A machine that has ended or stands still before its dom0 took a command. */
export class DeadOnArrival extends Error {}

export const qemuProgram = 'qemu-system-x86_64';

/** What QEMU says of its version. */
export const qemuVersion = async (): Promise<string> =>
  (await execa(qemuProgram, ['--version'])).stdout;

/** Starts QEMU; unless it is kept the kernel kills it by its parent-death signal. */
const spawnQemu = async (
  args: readonly string[],
  errors: string,
  { keep }: StartOptions,
): Promise<ProcessId> => {
  const stderr = openSync(errors, 'w');
  const [command, commandArgs] = keep
    ? [qemuProgram, args]
    : ['setpriv', ['--pdeathsig', 'KILL', '--', qemuProgram, ...args]];
  const child = spawn(command, commandArgs, {
    detached: true,
    stdio: ['ignore', stderr, stderr],
  });
  await new Promise<void>((resolve, reject) => {
    child.on('spawn', resolve).on('error', reject);
  });
  child.unref();
  return processId(child.pid as number);
};

/** Starts a machine and waits until its dom0 takes commands. */
export const start = async (
  images: Images,
  options: StartOptions,
  signal?: AbortSignal,
): Promise<Machine> => {
  const { monitor, saved, hypervisor } = options;
  const xen = xenName(options);
  sweep(runDir());
  const dir = mkdtempSync(join(runDir(), `${xen}-`));
  const sshPort = await freePort();
  const log = consoleLog({ dir });
  const errors = join(dir, 'qemu.log');
  writeFileSync(log, saved ? readFileSync(saved.consoleLog) : '');
  const places = { sshPort, consoleLog: log, monitor, state: saved?.state };
  const own = withHypervisor(images, options.xen, hypervisor, dir);
  const base = saved ? { ...own, disk: saved.disk } : own;
  const args = qemuArguments(base, options, places, qemuMajor(await qemuVersion()));
  const qemu = await spawnQemu(args, errors, options);
  const machine: Machine = { xen, qemu, sshPort, dir, key: images.key, image: images.dir };
  writeFileSync(join(dir, 'known_hosts'), `[127.0.0.1]:${sshPort} ${images.hostKey}\n`);
  writeFileSync(recordPath(dir), JSON.stringify(machine));
  try {
    await ready(machine, signal);
    return machine;
  } catch (error) {
    const why = readFileSync(errors, 'utf8').trim();
    const said = consoleTail(machine);
    const isDead = error instanceof DeadOnArrival || bootFault(consoleText(machine)) !== undefined;
    await end(machine);
    const reason = error instanceof Error ? error.message : String(error);
    const text = [reason, why, said && `its last words:\n${said}`];
    const Kind = isDead ? DeadOnArrival : Error;
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
    const fault = bootFault(consoleText(machine));
    if (fault !== undefined) throw new DeadOnArrival(`the lab host died as it booted: ${fault}`);
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
