// Hosts that were left running: one for each source tree and Xen, on record beside their
// directories.
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { contentHash } from '../image/stage.ts';
import { repoRoot, runDir } from '../paths.ts';
import { end, greets, type Machine } from './boot.ts';
import { isAlive } from './process-id.ts';

/** A kept host, and whose it is: another source tree would push its own build into it. */
export interface Kept {
  readonly machine: Machine;
  /** The root of the source tree that keeps it. */
  readonly tree: string;
}

/** The record's host, or undefined when the text is no record. */
export const parseRecord = (text: string): Kept | undefined => {
  try {
    const value = JSON.parse(text) as Partial<Machine & { tree: string }> | null;
    if (!value) return undefined;
    const { tree, ...machine } = value;
    const complete =
      typeof machine.qemu?.pid === 'number' &&
      typeof machine.qemu.startTicks === 'string' &&
      typeof machine.sshPort === 'number' &&
      [tree, machine.dir, machine.key, machine.image, machine.xen].every(
        (field) => typeof field === 'string',
      );
    return complete ? { machine: machine as Machine, tree: tree as string } : undefined;
  } catch {
    return undefined;
  }
};

/** The records of a directory of running hosts; `tree` is the source tree that asks. */
export const keptIn = (dir: string, tree: string) => {
  const recordPath = (xen: string, of = tree): string =>
    join(dir, `kept-${contentHash([of, xen])}.json`);

  const read = (path: string): Kept | undefined => {
    try {
      return parseRecord(readFileSync(path, 'utf8'));
    } catch {
      return undefined;
    }
  };

  const forget = async (path: string, kept: Kept | undefined): Promise<void> => {
    if (kept) await end(kept.machine);
    rmSync(path, { force: true });
  };

  /** This tree's records, and those that no tree can reach any more. */
  const reachable = (): { path: string; kept: Kept | undefined }[] =>
    readdirSync(dir)
      .filter((name) => /^kept-.*\.json$/.test(name))
      .map((name) => ({ path: join(dir, name), kept: read(join(dir, name)) }))
      .filter(({ kept }) => !kept || kept.tree === tree || !existsSync(kept.tree));

  return {
    record: (machine: Machine): void => {
      const path = recordPath(machine.xen);
      writeFileSync(`${path}.new`, JSON.stringify({ ...machine, tree }));
      renameSync(`${path}.new`, path);
    },

    /** The kept host of this Xen, if it still answers; else it is ended and forgotten. */
    find: async (xen: string, say: (text: string) => void): Promise<Machine | undefined> => {
      const path = recordPath(xen);
      const kept = read(path);
      if (kept && isAlive(kept.machine.qemu)) {
        if (await greets(kept.machine.sshPort, 10_000)) return kept.machine;
        say(`the kept host (Xen ${xen}) does not answer any more: booting a new one`);
      }
      await forget(path, kept);
      return undefined;
    },

    /** Ends kept hosts and returns the Xens of those that ran. */
    stop: async (only?: string): Promise<string[]> => {
      const stopped: string[] = [];
      for (const { path, kept } of reachable()) {
        if (only !== undefined && kept && kept.machine.xen !== only) continue;
        if (kept && isAlive(kept.machine.qemu)) stopped.push(kept.machine.xen);
        await forget(path, kept);
      }
      return stopped.sort();
    },
  };
};

/** Those of this source tree. */
export const keptHosts = (): ReturnType<typeof keptIn> => keptIn(runDir(), repoRoot);
