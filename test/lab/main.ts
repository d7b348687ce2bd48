// `npm run lab`: runs a command in the dom0 of a real Xen host, or gives a shell there.
import { spawn } from 'node:child_process';
import { resolve } from 'node:path';
import { type LabArguments, parseArguments, usage } from './args.ts';
import { ensureImages } from './image/images.ts';
import { boot, consoleTail, end, type Machine } from './machine/boot.ts';
import { keptHosts } from './machine/kept.ts';
import { pushBuild } from './machine/payload.ts';
import { isAlive } from './machine/process-id.ts';
import { endCommand, sshCommand, sshShell } from './machine/ssh.ts';

const say = (text: string): void => void process.stderr.write(`lab: ${text}\n`);

const statusUsage = 2;
const statusTimeout = 124;
const statusSignal = 130;
/** What ssh itself ends with when the connection fails. */
const statusSsh = 255;

/** Runs ssh on this terminal and returns the status of the command in dom0. */
const attach = async (machine: Machine, command: string | undefined, signal: AbortSignal) => {
  const id = `main-${process.pid}`;
  const args = command === undefined ? sshShell(machine) : sshCommand(machine, command, id);
  const ssh = spawn('ssh', args, { stdio: 'inherit' });
  const ended = new Promise<number>((resolve, reject) => {
    ssh.on('error', reject).on('exit', (code) => resolve(code ?? statusSsh));
  });
  const aborted = new Promise<undefined>((resolve) => {
    signal.addEventListener('abort', () => resolve(undefined), { once: true });
  });
  const first = await Promise.race([ended, aborted]);
  if (first !== undefined) return first;
  if (command !== undefined) await endCommand(machine, id);
  ssh.kill('SIGTERM');
  return ended;
};

const bootAgain = (why: string): void => say(`${why}\nbooting it again`);

const run = async (args: LabArguments): Promise<number> => {
  const stop = new AbortController();
  const images = await ensureImages(say, args.image);
  // Before that there is nothing to end, and a signal ends this process.
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(name, () => stop.abort(statusSignal));
  }
  const timer =
    args.timeoutSeconds &&
    setTimeout(() => {
      say(`the time limit of ${args.timeoutSeconds} s is over`);
      stop.abort(statusTimeout);
    }, args.timeoutSeconds * 1000);
  const kept = await keptHosts().find(args.xen, say);
  if (kept && args.disk !== undefined) {
    say('the kept host has the disk that it was booted with; --stop ends it');
  }
  if (kept && kept.image !== images.dir) {
    say('the kept host has another image, or an older one; --stop ends it');
  }
  if (!kept) say(`booting Xen ${args.xen}`);
  let machine: Machine | undefined = kept;
  try {
    machine ??= await boot(images, { ...args, onDeath: bootAgain }, stop.signal);
    if (args.keep && !kept) keptHosts().record(machine);
    await pushBuild(machine);
    const status = await attach(machine, args.command, stop.signal);
    if (stop.signal.aborted) return stop.signal.reason as number;
    if (!isAlive(machine.qemu)) {
      say(`the host ended while the command ran; its last words:\n${consoleTail(machine)}`);
      return 1;
    }
    return status;
  } catch (error) {
    if (stop.signal.aborted) return stop.signal.reason as number;
    throw error;
  } finally {
    clearTimeout(timer || undefined);
    if (machine && !args.keep && !kept) await end(machine);
  }
};

/** A path as the user meant it: npm runs this in the root of the source tree. */
const fromThere = (path: string | undefined): string | undefined =>
  path && resolve(process.env.INIT_CWD ?? '.', path);

const main = async (argv: readonly string[]): Promise<number> => {
  const args = parseArguments(argv);
  if ('error' in args) {
    say(`${args.error}\n${usage}`);
    return statusUsage;
  }
  if (args.action === 'help') {
    console.log(usage);
    return 0;
  }
  if (args.action === 'stop') {
    const stopped = await keptHosts().stop(args.xenGiven ? args.xen : undefined);
    say(
      stopped.length > 0 ? `ended the host of Xen ${stopped.join(' and of Xen ')}` : 'no host runs',
    );
    return 0;
  }
  return run({ ...args, disk: fromThere(args.disk) });
};

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  say(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}
