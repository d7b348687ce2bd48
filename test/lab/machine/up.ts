// A whole host: a machine whose dom0 has the current build, and a xenstored with Xen's own daemons.
import { join } from 'node:path';
import { execa } from 'execa';
import { isAlive } from '../../../shared/platform/unix/process-id.ts';
import { dom0Fault } from '../emulator-fault.ts';
import type { Images } from '../image/images.ts';
import { withLock } from '../image/lock.ts';
import { repoRoot } from '../paths.ts';
import { consoleText, DeadOnArrival, end, type Machine, type Saved, start } from './boot.ts';
import { ensureDisk } from './disk.ts';
import { runInDom0 } from './exec.ts';
import { pushBuild } from './payload.ts';
import type { MachineOptions } from './qemu.ts';
import { forgetSaved, savedBoot } from './saved.ts';
import { isStill } from './still.ts';

export interface UpOptions extends MachineOptions {
  /** It ends with this process unless this is set. */
  readonly keep: boolean;
  /** Which xenstored dom0 starts: `c`, `ocaml`, `stubdom`, `xtl-stubdom` or a program's path. */
  readonly xenstored: string;
  /** Told why before a boot is tried again; may throw. */
  readonly onDeath: (why: string) => void;
}

/** The emulator's fault, mostly: see emulator-fault.ts. A host that cannot boot fails them all. */
const MOST_BOOTS = 3;

/** Brings a host up. */
export const bringUp = async (
  images: Images,
  options: UpOptions,
  signal?: AbortSignal,
): Promise<Machine> => {
  if (options.disk !== undefined) await ensureDisk(options.disk, images);
  for (let boots = 1; ; boots++) {
    try {
      return await bringUpOnce(images, options, boots === 1, signal);
    } catch (error) {
      if (!(error instanceof DeadOnArrival) || boots === MOST_BOOTS) throw error;
      options.onDeath(error.message);
    }
  }
};

/** Whether such hosts are many and all alike: for others it does not pay to save one. */
const isCommon = (options: MachineOptions): boolean => {
  const { accel, cpus = 2, disk, image = 'plain', hypervisor } = options;
  const isPlain = disk === undefined && image === 'plain' && hypervisor === undefined;
  return accel === 'tcg' && cpus === 2 && isPlain;
};

const bringUpOnce = async (
  images: Images,
  options: UpOptions,
  isFirst: boolean,
  signal?: AbortSignal,
): Promise<Machine> => {
  const saved = isFirst && isCommon(options) ? await savedBoot(images, options) : undefined;
  const machine = await startFrom(saved, images, options, signal);
  try {
    // Its clock goes on from when it was saved.
    if (saved) await runInDom0(machine, `date -u -s @${Math.floor(Date.now() / 1000)}`);
    await bringBuild(machine, options.xenstored);
    await startStore(machine, options.xenstored);
    return machine;
  } catch (error) {
    await end(machine);
    throw error;
  }
};

/** Goes on from a saved machine, or boots. One that does not go on is not saved any more. */
const startFrom = async (
  saved: Saved | undefined,
  images: Images,
  options: UpOptions,
  signal?: AbortSignal,
): Promise<Machine> => {
  try {
    return await start(images, { ...options, saved }, signal);
  } catch (error) {
    if (saved && error instanceof DeadOnArrival) forgetSaved(saved);
    throw error;
  }
};

const stubdoms = ['stubdom', 'xtl-stubdom'];

/** One at a time: hosts that come up side by side would change the build under each other. */
const bringBuild = (machine: Machine, xenstored: string): Promise<void> =>
  withLock(
    join(repoRoot, 'build/lock'),
    () => {},
    async () => {
      if (stubdoms.includes(xenstored)) {
        const relink = join(repoRoot, 'build/tools/relink.mjs');
        const args = [relink, 'xenstored', '--out', 'build/xtl/stubdom'];
        await execa(process.execPath, args, { cwd: repoRoot });
      }
      await pushBuild(machine);
    },
  );

const STORE_MS = 180_000;

const startStore = async (machine: Machine, xenstored: string): Promise<void> => {
  const store = runInDom0(machine, `/sbin/xtl-init store ${xenstored}`, { timeoutMs: STORE_MS });
  await store.catch(async (error: Error) => {
    const text = consoleText(machine);
    const isDead =
      !isAlive(machine.qemu) || text.includes('Triple fault') || dom0Fault(text) !== undefined;
    const Kind = isDead || (await isStill(machine.qemu)) ? DeadOnArrival : Error;
    throw new Kind(error.message);
  });
};
