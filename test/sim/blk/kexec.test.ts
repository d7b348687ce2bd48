/**
 * A guest whose kernel starts another one (kexec): the old frontend leaves without a word, its ring
 * is any memory of the new kernel, which finds a back end that is connected. Under Xen Linux asks
 * for a soft reset then (xen_hvm_shutdown of enlighten_hvm.c @ v6.12), which libxl does for HVM
 * guests alone (libxl_domain_soft_reset of libxl_create.c @ RELEASE-4.17.0), so that no guest of
 * the lab has come as far: other toolstacks and other kernels leave so.
 */

import { describe, expect, it } from 'vitest';
import { prng } from '../../../shared/core/prng.ts';
import { connected, DEVICE, open, type Scene, untilBack } from './device-scene.ts';
import { createFront, type Front } from './front.ts';

/** What the new kernel does before it begins. */
interface Way {
  readonly name: string;
  /** What it writes, and what it waits for. */
  readonly states: readonly (readonly [number, string | undefined])[];
  readonly isDead?: boolean;
}

const WAYS: readonly Way[] = [
  // xenbus_reset_frontend of xenbus_probe_frontend.c @ v6.12.
  {
    name: 'closes in the name of the old one',
    states: [
      [5, '5'],
      [6, '6'],
      [1, '2'],
    ],
  },
  {
    ...{ name: 'does so while the back end is dead, and waits for nothing', isDead: true },
    states: [
      [5, undefined],
      [6, undefined],
      [1, '2'],
    ],
  },
  { name: 'begins at once, its states set back for it', states: [[1, '2']] },
];

const pathOf = ({ guest }: Scene): string => `/local/domain/${guest.domid}/device/vbd/${DEVICE}`;

/** The next kernel's frontend: pages and a port of its own. */
function nextFront(scene: Scene): Front {
  const { host, guest, client } = scene;
  return createFront(host.sim.platform(guest.domid), client, pathOf(scene));
}

/** A write that the old kernel will never hear of, and what becomes of the ring that it is in. */
async function leave({ front, host }: Scene, seed: number): Promise<void> {
  front.data.region.bytes.fill(0x77);
  front.put('write', 64);
  await host.sim.run(host.sim.dom0.clock.sleep(1));
  const random = prng(seed);
  const { words } = front.ring.region;
  for (let i = 0; i < words.length; i++) words[i] = random.next();
}

const SEEDS = Array.from({ length: 10 }, (_, i) => i + 1);

describe.each(WAYS)('a kernel that $name', ({ states, isDead = false }) => {
  it.each(SEEDS)('has the disk, seed %i', async (seed) => {
    const scene = await open(seed);
    const { host, memory } = scene;
    const { sim } = host;
    await connected(scene);
    const { step } = memory;
    memory.step = () => {};
    await leave(scene, seed);
    if (isDead) scene.die();
    const next = nextFront(scene);
    let isFirst = true;
    for (const [state, back] of states) {
      await sim.run(next.setState(state));
      if (isFirst && !isDead) {
        await sim.run(sim.dom0.clock.sleep(20));
        // What is under way has its memory still.
        expect(await scene.backState()).toBe('4');
      }
      isFirst = false;
      memory.step = step;
      if (back !== undefined) await untilBack(scene, back);
    }
    if (!isDead) expect(memory.bytes[64 * 512]).toBe(0x77);
    await sim.run(next.offer());
    await sim.run(next.setState(3));
    await untilBack(scene, '4');
    await sim.run(next.setState(4));
    for (let i = 0; i < 8; i++) {
      next.data.region.bytes.fill(i + 1);
      expect(await sim.run(next.ask('write', 64 + 8 * i))).toBe(0);
    }
    for (let i = 0; i < 8; i++) {
      next.data.region.bytes.fill(0);
      expect(await sim.run(next.ask('read', 64 + 8 * i))).toBe(0);
      expect(next.data.region.bytes[4095]).toBe(i + 1);
    }
  });
});
