/**
 * The plan that makes a disk larger or smaller while its guest runs, or has it measured again.
 *
 * What is cut off an image must not be written any more when it is: a write beyond the end of a
 * file makes it longer again. So the back end gives up its end first.
 */

import { assert } from '../../core/assert.ts';
import { fail, ok, type Result } from '../../core/result.ts';
import { textOfBytes } from '../../core/utf8.ts';
import { checkAlive } from './device-plan.ts';
import { readDiskView } from './disk-list.ts';
import {
  checkServer,
  type DiskState,
  type DiskStep,
  type DiskWish,
  findDisk,
  waitForAnswer,
  writeWish,
} from './disk-plan.ts';
import type { Plan } from './plan.ts';
import type { KeptDomain } from './userdata.ts';

/** Another size of the image. */
export interface Resize {
  /** Whole sectors of 512 bytes; to what it has if `isMore`. */
  readonly bytes: number;
  readonly isMore: boolean;
  /** It may become smaller, whatever is lost. */
  readonly mayShrink: boolean;
}

/** Without `resize` only what is there is measured. */
export function planResize(
  of: KeptDomain,
  device: number,
  vdev: string,
  resize?: Resize,
): Plan<DiskState> {
  const image = resize === undefined ? [] : imageSteps(of, resize);
  return {
    name: `resize ${vdev}`,
    steps: [checkStep(of, device, vdev, resize), ...image, measureStep(of, device)],
  };
}

function checkStep(of: KeptDomain, device: number, vdev: string, resize?: Resize): DiskStep {
  return {
    id: 'check',
    title: `check that ${vdev} can be resized`,
    run: async (state) => {
      const { host } = state;
      const alive = checkAlive(host, of);
      if (!alive.ok) return alive;
      const found = await findDisk(state, of, device, vdev);
      if (!found.ok) return found;
      const served = checkServer(found.value);
      if (!served.ok || resize === undefined) return served;
      const { target, format } = found.value;
      if (format !== 'raw') return fail('EOPNOTSUPP', notRaw(target, format));
      const stat = await host.files.stat(textOfBytes(target));
      if (!stat.ok) return stat.error.errno === 'EINVAL' ? notAFile(target) : stat;
      const bytes = resize.bytes + (resize.isMore ? stat.value.bytes : 0);
      if (bytes < stat.value.bytes && !resize.mayShrink) {
        const what = `${target} has ${stat.value.bytes} bytes`;
        return fail('EINVAL', `${what}, whose end would be lost; --shrink does it all the same`);
      }
      state.bytes = bytes;
      return ok();
    },
  };
}

function notRaw(target: string, format: string): string {
  const how = format === 'nbd' ? 'whose server decides' : 'which only qemu-img resizes, unused';
  return `${target} is not raw, but ${format}, ${how}`;
}

function notAFile(target: string): Result<never> {
  const how = 'change its size by its own means, and then have it measured: resize without a size';
  return fail('EINVAL', `${target} is no file: ${how}`);
}

function imageSteps(of: KeptDomain, { mayShrink }: Resize): DiskStep[] {
  const limit: DiskStep = {
    id: 'limit',
    title: 'have its back end give up what is cut off',
    run: (state) => {
      assert(state.bytes !== undefined, 'checked');
      return ask(state, of, { sectorsMax: state.bytes / 512 });
    },
    // Not waited for: whoever serves the disk next finds it.
    undo: async ({ host, device: disk }) =>
      disk === undefined ? ok() : writeWish(host, of, disk, {}),
  };
  const image: DiskStep = {
    id: 'image',
    title: 'change the size of its image',
    run: ({ host, device: disk, bytes }) => {
      assert(disk !== undefined && bytes !== undefined, 'checked');
      return host.files.truncate(textOfBytes(disk.target), bytes);
    },
  };
  return mayShrink ? [limit, image] : [image];
}

async function ask({ host, device: disk }: DiskState, of: KeptDomain, wish: DiskWish) {
  assert(disk !== undefined, 'found');
  const asked = await writeWish(host, of, disk, wish);
  return asked.ok ? waitForAnswer(host, disk) : asked;
}

function measureStep(of: KeptDomain, device: number): DiskStep {
  return {
    id: 'measure',
    title: 'have its back end measure it, and tell the guest',
    run: async (state) => {
      const asked = await ask(state, of, {});
      if (!asked.ok) return asked;
      const now = await readDiskView(state.host.xenstore, of.domid, device);
      if (!now.ok) return now;
      const { sectors, vdev, target } = now.value;
      if (sectors === undefined) return fail('EIO', `${vdev}: its back end tells no size`);
      state.sectors = sectors;
      const { bytes = sectors * 512 } = state;
      if (bytes === sectors * 512) return ok();
      const what = `its back end has ${sectors * 512} bytes, not ${bytes}`;
      return fail('EIO', `${vdev}: ${what}: was ${target} replaced by another file?`);
    },
  };
}
