/** The key `disk`: what a VM's disks shall be. */

import { isUtf8, utf8 } from '../../core/utf8.ts';
import { parseTarget } from '../../nbd/target.ts';
import { DOM0_NAMES, deviceStrings, LATER, WRONG, type WrongDevice } from './device-list.ts';
import { type DiskSpec, readDiskSpec } from './disk-spec.ts';
import type { Values } from './values.ts';
import { virtualDeviceNumber } from './virtual-device.ts';
import type { VmDisk } from './vm-spec.ts';

const ELSEWHERE = 'qemu-nbd and nbdkit serve it: target=nbd://host/export, at the end';

/** What is right, and cannot be done yet. */
function notYet(disk: DiskSpec): WrongDevice | undefined {
  const later = (message: string, hint?: string): WrongDevice => ({
    ...{ code: LATER, message },
    ...(hint !== undefined && { hint }),
  });
  if (disk.specification === 'virtio') return later('virtio disks come later');
  if (disk.format === 'empty') {
    return disk.isCdrom ? undefined : { code: WRONG, message: 'only a drive may be empty' };
  }
  if (disk.script !== undefined && disk.script !== 'block' && disk.script !== 'block-xtl') {
    // What xl makes of `nbd://host/export` at a place where it knows the prefix `nbd:`.
    const isCut = disk.script === 'block-nbd' && disk.target.startsWith('//');
    const hint = isCut ? `write target=nbd:${disk.target} at the end` : undefined;
    return later(`disks by the script ${disk.script} come later`, hint);
  }
  return undefined;
}

/**
 * What is behind it, in one word that the backend reads (nbd/target.ts): its format stands before
 * a path, unless it is raw or the target says it itself. xl has no names for some formats.
 */
function targetOf({ target, format }: DiskSpec): string | WrongDevice {
  if (!isUtf8(target)) return { code: WRONG, message: 'the target is not valid UTF-8' };
  const word = format === 'raw' ? target : `${format}:${target}`;
  const read = parseTarget(word);
  if (read.ok) return word;
  const { errno, what } = read.error;
  if (errno === 'EOPNOTSUPP') return { code: LATER, message: what, hint: ELSEWHERE };
  const isRelative = !target.includes(':') && target !== '';
  return { code: WRONG, message: what, ...(isRelative && { hint: `/dev/${target}?` }) };
}

/** A driver domain has names of its own for its disks, and no formats. */
function nameInDriver({ target, format }: DiskSpec, backend: string): string | WrongDevice {
  if (!isUtf8(target)) return { code: WRONG, message: 'the target is not valid UTF-8' };
  if (!isUtf8(backend)) return { code: WRONG, message: 'the backend is not valid UTF-8' };
  if (format === 'raw') return target;
  return { code: LATER, message: `images in the format ${format} of driver domains come later` };
}

/** What the words ask for; `taken` has the targets of the disks that there are, by number. */
export function readDisk(
  words: readonly string[],
  taken: ReadonlyMap<number, string>,
): VmDisk | WrongDevice {
  const disk = readDiskSpec(...words);
  if ('what' in disk) {
    const near = disk.near === undefined ? '' : `: ${JSON.stringify(disk.near)}`;
    return {
      ...{ code: WRONG, message: `${disk.what}${near}` },
      hint: 'it looks like "/dev/vg/web1,raw,xvda,w"',
    };
  }
  const later = notYet(disk);
  if (later !== undefined) return later;
  const { vdev, isWritable, isCdrom, isDirectIoSafe, discard, trusted } = disk;
  const device = virtualDeviceNumber(vdev);
  if (device === undefined) {
    const hint = 'it is like xvda, xvdb1, hda or sda';
    return { code: WRONG, message: `there is no virtual disk ${JSON.stringify(vdev)}`, hint };
  }
  const other = taken.get(device);
  if (other !== undefined) {
    const message = `${vdev} is there already: ${other === '' ? 'an empty drive' : other}`;
    return { code: WRONG, message };
  }
  const backend = DOM0_NAMES.includes(disk.backend ?? '0') ? undefined : disk.backend;
  const named = backend === undefined ? targetOf(disk) : nameInDriver(disk, backend);
  const target = disk.format === 'empty' ? '' : named;
  if (typeof target !== 'string') return target;
  return {
    ...{ target: utf8(target), vdev, device, isWritable, isCdrom, isDirectIoSafe },
    ...(backend !== undefined && { backend: utf8(backend) }),
    ...(discard !== undefined && { discard }),
    ...(trusted !== undefined && { trusted }),
  };
}

/** None if the key is not set, or where it is wrong: then that is a problem. */
export function readDisks(values: Values): readonly VmDisk[] {
  const disks: VmDisk[] = [];
  const taken = new Map<number, string>();
  for (const { text, at } of deviceStrings(values, 'disk', 'a disk')) {
    const disk = readDisk([text], taken);
    if ('code' in disk) values.blameSpan(at, disk);
    else {
      taken.set(disk.device, disk.target);
      disks.push(disk);
    }
  }
  return disks;
}
