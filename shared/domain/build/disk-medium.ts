/** The plan that changes the medium of a drive. */

import { assert } from '../../core/assert.ts';
import { fail, ok } from '../../core/result.ts';
import { checkAlive, keepStep } from './device-plan.ts';
import { withMedium } from './disk-config.ts';
import { checkImage } from './disk-image.ts';
import {
  checkServer,
  type DiskState,
  type DiskStep,
  findDisk,
  waitForAnswer,
  writeWish,
} from './disk-plan.ts';
import type { Plan } from './plan.ts';
import type { KeptDomain } from './userdata.ts';

/** `target` as in xenstore; empty: the drive is empty then. */
export function planMedium(
  of: KeptDomain,
  device: number,
  vdev: string,
  target: string,
): Plan<DiskState> {
  return {
    name: target === '' ? `eject the medium of ${vdev}` : `insert ${target} into ${vdev}`,
    steps: [
      checkStep(of, device, vdev, target),
      mediumStep(of, device, target),
      keepStep(of, withMedium(device, target)),
    ],
  };
}

function checkStep(of: KeptDomain, device: number, vdev: string, target: string): DiskStep {
  const image = target === '' ? '' : `, and that there is ${target}`;
  return {
    id: 'check',
    title: `check that ${vdev} is a drive whose medium can be changed${image}`,
    run: async (state) => {
      const alive = checkAlive(state.host, of);
      if (!alive.ok) return alive;
      const found = await findDisk(state, of, device, vdev);
      if (!found.ok) return found;
      if (!found.value.isCdrom) return fail('EINVAL', `${vdev} is no drive: its medium stays`);
      const served = checkServer(found.value);
      return served.ok ? checkImage(state.host, target) : served;
    },
  };
}

function mediumStep(of: KeptDomain, device: number, target: string): DiskStep {
  return {
    id: 'medium',
    title: 'have its back end change it',
    run: async ({ host, device: disk }) => {
      assert(disk !== undefined, 'found');
      const change = withMedium(device, target);
      const asked = await writeWish(host, of, disk, { target }, change);
      return asked.ok ? waitForAnswer(host, disk) : asked;
    },
    // Not waited for: whoever serves the drive next finds it.
    undo: async ({ host, device: disk }) => {
      if (disk === undefined) return ok();
      const change = withMedium(device, disk.target);
      return writeWish(host, of, disk, { target: disk.target }, change);
    },
  };
}
