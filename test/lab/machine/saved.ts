// A machine as it was when it had booted, in the cache: hosts go on from there instead of booting.
import { copyFileSync, mkdirSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { execa } from 'execa';
import type { Images } from '../image/images.ts';
import { withLock } from '../image/lock.ts';
import { stage } from '../image/stage.ts';
import { cacheDir, runDir } from '../paths.ts';
import { consoleLog, end, qemuVersion, type Saved, start } from './boot.ts';
import { runInDom0 } from './exec.ts';
import { type MachineOptions, qemuArguments, shellWord } from './qemu.ts';
import { closeChannel } from './ssh.ts';

const savedIn = (dir: string): Saved => ({
  disk: join(dir, 'disk'),
  state: join(dir, 'state'),
  consoleLog: join(dir, 'console.log'),
});

const PROMPT = '(qemu) ';

/** Asks QEMU's monitor and waits for its answer. */
const ask = (monitor: string, command: string): Promise<string> =>
  new Promise((resolve, reject) => {
    const socket = connect(monitor);
    let said = '';
    socket.on('error', reject).on('close', () => reject(new Error(`QEMU hung up: ${said}`)));
    socket.on('data', (data) => {
      said += data.toString('latin1');
      // One prompt before the command, and one after its answer.
      if (said.split(PROMPT).length < 3) return;
      resolve(said);
      socket.destroy();
    });
    socket.write(`${command}\n`);
  });

/** Until dom0 has seen that the command channel is closed. */
const SETTLE_MS = 1000;

/** Boots a machine and saves it while it runs, so that what goes on from it runs, too. */
const save = async (images: Images, options: MachineOptions, dir: string): Promise<void> => {
  const saved = savedIn(dir);
  await execa('cp', ['--reflink=auto', '--sparse=always', images.disk, saved.disk]);
  const monitor = join(runDir(), `monitor-${process.pid}`);
  const machine = await start(images, { ...options, disk: saved.disk, keep: false, monitor });
  try {
    await runInDom0(machine, 'sync');
    await closeChannel(machine);
    await sleep(SETTLE_MS);
    const program = `exec:cat > ${shellWord(saved.state)}`.replaceAll(/["\\]/g, '\\$&');
    await ask(monitor, `migrate "${program}"`);
    const answer = await ask(monitor, 'info migrate');
    if (!answer.includes('Migration status: completed')) {
      throw new Error(`the booted machine cannot be saved: ${answer}`);
    }
    copyFileSync(consoleLog(machine), saved.consoleLog);
  } finally {
    await end(machine);
  }
};

/** The saved machine for these images and options, made on first use. */
export const savedBoot = async (images: Images, options: MachineOptions): Promise<Saved> => {
  const dir = cacheDir();
  mkdirSync(join(dir, 'stages'), { recursive: true });
  const places = { sshPort: 0, consoleLog: '' };
  // A state is of one build of QEMU, and of the machine that its arguments describe.
  const inputs = [await qemuVersion(), images.dir, ...qemuArguments(images, options, places, 0)];
  const name = `saved-${options.xen}`;
  return savedIn(
    await withLock(
      join(dir, `${name}.lock`),
      () => {},
      () => stage(join(dir, 'stages'), name, inputs, (out) => save(images, options, out)),
    ),
  );
};

/** Removes it, so that the next host makes another one. */
export const forgetSaved = ({ state }: Saved): void =>
  rmSync(dirname(state), { recursive: true, force: true });
