/** What becomes of a disk in what is kept of a domain. */

import type { VmDisk } from '../spec/vm-spec.ts';
import { type DeviceChange, withEntry } from './device-config.ts';
import { libxlDisk, libxlMedium } from './libxl-config.ts';
import { type ChangeEntry, LIBXL_DISKS } from './libxl-devices.ts';

function change(
  device: number,
  make: (old: VmDisk | undefined) => VmDisk | undefined,
  entry: ChangeEntry,
): DeviceChange {
  return {
    ...{ list: LIBXL_DISKS, device, entry },
    record: ({ disks: old = [], ...rest }) => {
      const disks = withEntry(old, (each) => each.device === device, make);
      return { ...rest, ...(disks !== undefined && { disks }) };
    },
  };
}

export const withDisk = (disk: VmDisk): DeviceChange =>
  change(
    disk.device,
    () => disk,
    () => libxlDisk(disk),
  );

export const withoutDisk = (device: number): DeviceChange =>
  change(
    device,
    () => undefined,
    () => undefined,
  );

/** `target` as in xenstore. */
export const withMedium = (device: number, target: string): DeviceChange =>
  change(
    device,
    (old) => old && { ...old, target },
    (old) => old && { ...old, ...libxlMedium(target) },
  );
