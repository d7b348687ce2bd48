/** The key `disk`: what a VM's disks shall be. */

import { isUtf8, utf8 } from '../../core/utf8.ts';
import { parseTarget } from '../../nbd/target.ts';
import type { StringValue } from '../xl-cfg/config.ts';
import { type DiskSpec, readDiskSpec } from './disk-spec.ts';
import type { Values } from './values.ts';
import { virtualDeviceNumber } from './virtual-device.ts';
import type { VmDisk } from './vm-spec.ts';

const LATER = 'XTL-C027';
const WRONG = 'XTL-C029';

const ELSEWHERE = 'qemu-nbd and nbdkit serve it: target=nbd://host/export, at the end';

interface Wrong {
  readonly code: string;
  readonly message: string;
  readonly hint?: string;
}

/** What is right, and cannot be done yet. */
function notYet(disk: DiskSpec): Wrong | undefined {
  const later = (message: string, hint?: string): Wrong => ({
    ...{ code: LATER, message },
    ...(hint !== undefined && { hint }),
  });
  if (disk.specification === 'virtio') return later('virtio disks come later');
  if (disk.format === 'empty') return later('drives without a medium come later');
  if (disk.backend !== undefined && disk.backend !== '0' && disk.backend !== 'Domain-0') {
    return later('disks of driver domains come later');
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
function targetOf({ target, format }: DiskSpec): string | Wrong {
  if (!isUtf8(target)) return { code: WRONG, message: 'the target is not valid UTF-8' };
  const word = format === 'raw' ? target : `${format}:${target}`;
  const read = parseTarget(word);
  if (read.ok) return word;
  const { errno, what } = read.error;
  if (errno === 'EOPNOTSUPP') return { code: LATER, message: what, hint: ELSEWHERE };
  const isRelative = !target.includes(':') && target !== '';
  return { code: WRONG, message: what, ...(isRelative && { hint: `/dev/${target}?` }) };
}

function diskOf(text: string, taken: ReadonlyMap<number, string>): VmDisk | Wrong {
  const disk = readDiskSpec(text);
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
  if (other !== undefined) return { code: WRONG, message: `${vdev} is there already: ${other}` };
  const target = targetOf(disk);
  if (typeof target !== 'string') return target;
  return {
    ...{ target: utf8(target), vdev, device, isWritable, isCdrom, isDirectIoSafe },
    ...(discard !== undefined && { discard }),
    ...(trusted !== undefined && { trusted }),
  };
}

/** None if the key is not set, or where it is wrong: then that is a problem. */
export function readDisks(values: Values): readonly VmDisk[] {
  const value = values.config.settings.get('disk')?.value;
  if (value === undefined) return [];
  if (value.kind !== 'list') {
    values.blame('disk', { code: WRONG, message: 'disk is a list', hint: 'write [ "..." ]' });
    return [];
  }
  const disks: VmDisk[] = [];
  const taken = new Map<number, string>();
  for (const item of value.items) {
    if (item.kind === 'list') {
      values.blameSpan(item.at, { code: WRONG, message: 'a disk is a string, not a list' });
      continue;
    }
    const disk = diskOf((item as StringValue).text, taken);
    if ('code' in disk) values.blameSpan(item.at, disk);
    else {
      taken.set(disk.device, disk.target);
      disks.push(disk);
    }
  }
  return disks;
}
