// Hosts that were left running: one for each Xen, on record beside their directories.
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isAlive } from '../../../shared/platform/unix/process-id.ts';
import { runDir } from '../paths.ts';
import { type XenVersion, xenVersions } from '../xen-version.ts';
import { end, greets, type Machine } from './boot.ts';

const recordPath = (xen: XenVersion): string => join(runDir(), `kept-${xen}.json`);

/** The record's machine, or undefined when the text is no record. */
export const parseRecord = (text: string): Machine | undefined => {
  try {
    const value = JSON.parse(text) as Partial<Machine> | null;
    const complete =
      typeof value?.qemu?.pid === 'number' &&
      typeof value.qemu.startTicks === 'string' &&
      typeof value.sshPort === 'number' &&
      [value.dir, value.key, value.image, value.xen].every((field) => typeof field === 'string');
    return complete ? (value as Machine) : undefined;
  } catch {
    return undefined;
  }
};

export const record = (machine: Machine): void => {
  const path = recordPath(machine.xen);
  writeFileSync(`${path}.new`, JSON.stringify(machine));
  renameSync(`${path}.new`, path);
};

const read = (xen: XenVersion): Machine | undefined => {
  try {
    return parseRecord(readFileSync(recordPath(xen), 'utf8'));
  } catch {
    return undefined;
  }
};

const forget = async (xen: XenVersion, machine: Machine | undefined): Promise<void> => {
  if (machine) await end(machine);
  rmSync(recordPath(xen), { force: true });
};

/** The kept host of this Xen, if it still answers; one that does not is ended and forgotten. */
export const keptMachine = async (
  xen: XenVersion,
  say: (text: string) => void,
): Promise<Machine | undefined> => {
  const machine = read(xen);
  if (machine && isAlive(machine.qemu)) {
    if (await greets(machine.sshPort, 10_000)) return machine;
    say(`the kept host (Xen ${xen}) does not answer any more: booting a new one`);
  }
  await forget(xen, machine);
  return undefined;
};

/** Ends kept hosts and returns the Xens of those that ran. */
export const stopKept = async (only?: XenVersion): Promise<XenVersion[]> => {
  const stopped: XenVersion[] = [];
  for (const xen of only ? [only] : xenVersions) {
    const machine = read(xen);
    if (machine && isAlive(machine.qemu)) stopped.push(xen);
    await forget(xen, machine);
  }
  return stopped;
};
