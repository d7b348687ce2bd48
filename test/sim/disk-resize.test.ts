/** Disks whose size changes while their guest runs. */

import { expect, it } from 'vitest';
import { domid } from '../../shared/core/ids.ts';
import { must } from '../../shared/core/result.ts';
import {
  type KeptDomain,
  newDiskState,
  planResize,
  runPlan,
} from '../../shared/domain/build/index.ts';
import { must2 } from './build-bench.ts';
import { type DiskHost, diskHost } from './disk-host.ts';

const OF: KeptDomain = { domid: domid(1), uuid: '2f0b6f0a-5a4c-4a2e-9d0c-1f3e5d7c9b8a' };
const BACK = '/local/domain/0/backend/vbd/1/51712';
const KIB = 1024;

const withDisk = () => diskHost(['/a.img,raw,xvda,w']);
const size = ({ written }: DiskHost) => written.get('/a.img')?.length;

async function status({ sim, guest }: DiskHost, what: 'read' | 'write', sector: number) {
  return sim.run(guest.disks.get(51712)!.front.ask(what, sector));
}

it.each([
  ['64K', 64],
  ['+8K', 40],
  ['1M', 1024],
  ['32K', 32],
])('disk trap 9: %s makes 32 KiB to %i, and the guest is told', async (word, kib) => {
  const host = await withDisk();
  const ran = await host.xtl(`disk resize web1 xvda ${word}`);
  expect(ran).toMatchObject({ exit: 0, stdout: '' });
  expect(ran.stderr).toMatch(/\nxvda of 'web1' has [0-9]+ [KM]iB\n$/);
  await host.sleep(500);
  expect(size(host)).toBe(kib * KIB);
  expect(host.guest.disks.get(51712)).toMatchObject({ capacity: kib * 2, told: 2 });
  expect(await status(host, 'write', kib * 2 - 8)).toBe(0);
  expect(await status(host, 'write', kib * 2 - 7)).toBe(-1);
  expect(await host.node(`${BACK}/refresh`)).toBeUndefined();
});

it('without a size only what is there is measured', async () => {
  const host = await withDisk();
  host.written.set('/a.img', new Uint8Array(100 * 512));
  expect(await host.xtl('disk resize web1 xvda')).toMatchObject({
    exit: 0,
    stderr: expect.stringMatching(
      /: 1\/2 check .*: 2\/2 have its back end measure it.* 50 KiB\n$/s,
    ),
  });
  await host.sleep(500);
  expect(host.guest.disks.get(51712)?.capacity).toBe(100);
});

it('it becomes smaller only if that is asked for', async () => {
  const host = await withDisk();
  const refused = await host.xtl('disk resize web1 xvda 16K -q');
  expect(refused).toMatchObject({
    exit: 1,
    stderr: expect.stringContaining('end would be lost; --shrink'),
  });
  expect(size(host)).toBe(32 * KIB);
  expect(await status(host, 'write', 56)).toBe(0);
  expect(await host.xtl('disk resize web1 xvda 16K -q --shrink')).toMatchObject({ exit: 0 });
  expect(size(host)).toBe(16 * KIB);
  expect(await status(host, 'write', 56)).toBe(-1);
  expect(await status(host, 'read', 24)).toBe(0);
});

it('the end of a disk is given up before its image is cut', async () => {
  const host = await withDisk();
  const resize = { bytes: 16 * KIB, isMore: false, mayShrink: true };
  const { steps, name } = planResize(OF, 51712, 'xvda', resize);
  const cut = steps.findIndex(({ id }) => id === 'image');
  const state = newDiskState(host.openHost());
  const part = { name, steps: steps.slice(0, cut) };
  host.stall(true);
  const asked = host.guest.disks.get(51712)!.front.ask('write', 48);
  const limited = runPlan(part, state, host.sim.dom0.clock);
  await host.sleep(1000);
  // A write that was begun may still reach the end.
  expect(await host.node(`${BACK}/sectors`)).toBe('64');
  host.stall(false);
  must2(await host.sim.run(limited));
  // What came before is done, what comes after is refused, and the file is as it was.
  expect(await host.sim.run(asked)).toBe(0);
  expect(await status(host, 'write', 48)).toBe(-1);
  expect(size(host)).toBe(32 * KIB);
  // The same command finishes it.
  expect(await host.xtl('disk resize web1 xvda 16K -q --shrink')).toMatchObject({ exit: 0 });
  expect(await host.node(`${BACK}/sectors`)).toBe('32');
});

it.each(['limit', 'image', 'measure'])(
  'a plan that fails at %s leaves a disk that works',
  async (id) => {
    const host = await withDisk();
    const resize = { bytes: 64 * KIB, isMore: false, mayShrink: true };
    const { steps, name } = planResize(OF, 51712, 'xvda', resize);
    const struck = steps.map((step) =>
      step.id === id
        ? {
            ...step,
            run: async () => ({ ok: false, error: { errno: 'EIO', what: 'struck' } }) as const,
          }
        : step,
    );
    const state = newDiskState(host.openHost());
    const result = await host.sim.run(runPlan({ name, steps: struck }, state, host.sim.dom0.clock));
    expect(result).toMatchObject({ ok: false, error: { step: id, left: [] } });
    await host.sleep(1000);
    expect(await status(host, 'write', 56)).toBe(0);
    expect(await host.xtl('disk resize web1 xvda 64K -q')).toMatchObject({ exit: 0 });
    expect(await status(host, 'write', 120)).toBe(0);
  },
);

it('a back end that dies meanwhile is followed by one that measures', async () => {
  for (let i = 0; i < 20; i++) {
    const host = await withDisk();
    const ran = host.start('disk resize web1 xvda 64K -q');
    await host.sleep(6 * i);
    host.killBackend();
    host.startBackend();
    expect(await host.sim.run(ran)).toMatchObject({ exit: 0, stderr: '' });
    expect(await status(host, 'write', 120)).toBe(0);
  }
});

it.each([
  ['web1 xvda 20', 2, /^xtl: a size is like 20G, 512M or \+1G, not '20'\n$/],
  ['web1 xvda -1G', 2, /^xtl: unknown option '-1G'\n$/],
  ['web1 xvda 0G', 2, /not '0G'/],
  ['web1 xvda 1.5G', 2, /not '1.5G'/],
  ['web1 xvda 999999999999T', 2, /not '999999999999T'/],
  ['web1 xvdz 1G -q', 3, /there is no xvdz \[step check\]/],
  ['web1 nonsense 1G', 2, /there is no virtual disk 'nonsense'/],
])('xtl disk resize %s is refused with %i', async (line, exit, stderr) => {
  const host = await withDisk();
  const ran = await host.xtl(`disk resize ${line}`);
  expect(ran.stderr).toMatch(stderr);
  expect(ran.exit).toBe(exit);
  expect(size(host)).toBe(32 * KIB);
});

it.each(['x', '-1', '1e3', '99999999999999999999'])(
  'a wish that is no number is told: %j',
  async (wish) => {
    const host = await withDisk();
    must(await host.sim.run(host.xenstore.write(`${BACK}/refresh`, wish)));
    await host.sleep(1000);
    expect(await host.node(`${BACK}/refresh`)).toBeUndefined();
    expect(await host.node(`${BACK.replace('/backend', '/error/backend')}/error`)).toContain(
      'no number',
    );
    expect(await status(host, 'write', 56)).toBe(0);
  },
);
