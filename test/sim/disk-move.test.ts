/** Disks that go from our back end to the kernel's and come back, while their guest uses them. */

import { describe, expect, it } from 'vitest';
import { type Keeper, keep } from '../../services/keeper/service.ts';
import { domid } from '../../shared/core/ids.ts';
import { fail, must, ok } from '../../shared/core/result.ts';
import {
  type KeptDomain,
  type KernelDisk,
  newDiskState,
  planMove,
  runPlan,
} from '../../shared/domain/build/index.ts';
import { openXenstoreSession } from '../../shared/xenstore/session.ts';
import type { Ran } from '../../toolstack-cli/testing/context.ts';
import { type DiskHost, diskHost } from './disk-host.ts';
import { createKernelBlkback, type KernelBlkback } from './kernel-blkback.ts';

const OF: KeptDomain = { domid: domid(1), uuid: '2f0b6f0a-5a4c-4a2e-9d0c-1f3e5d7c9b8a' };
const BACK = '/local/domain/0/backend/vbd/1/51712';
const FRONT = '/local/domain/1/device/vbd/51712';
const KERNEL: KernelDisk = {
  ...{ isSeen: true, limits: { queues: 4, ringOrder: 4 }, own: undefined },
  block: { numbers: '7:0', sectorBytes: 512, canFlush: true, canDiscard: true },
};

interface Scene extends DiskHost {
  readonly kernel: KernelBlkback;
  readonly keeper: Keeper;
  /** All states of the guest's end, as they were written. */
  readonly frontStates: string[];
  readonly asOpened: ReturnType<DiskHost['openHost']>;
  move(to: string, more?: string): Promise<Ran>;
}

async function open(disk: Partial<KernelDisk> = {}): Promise<Scene> {
  const host = await diskHost(['/a.img,raw,xvda,w']);
  const { sim } = host;
  const { clock, grants } = sim.dom0;
  const kernel = createKernelBlkback(host);
  const session = openXenstoreSession({
    ...{ clock, deadlineMs: 5000, connect: async () => ok(host.connectStore()) },
  });
  const blkback = { name: 'blkback', isRunning: () => true, run: async () => 'never' };
  const log = (line: string) => void host.log.push(line);
  const backends = [{ kind: 'vbd', program: blkback, isAwaited: false }] as const;
  const holdLink = () => fail('ENODEV', 'no interfaces');
  const keeper = keep({ session, clock, grants, log, backends, bus: kernel.bus, holdLink });
  const kernelDisk = async () => ok({ ...KERNEL, ...disk });
  const asOpened = { ...host.openHost(), kernelDisk };
  const frontStates: string[] = [];
  void (async () => {
    for await (const _ of session.watch(`${FRONT}/state`)) {
      frontStates.push((await host.node(`${FRONT}/state`)) ?? 'gone');
    }
  })();
  await host.sleep(100);
  const move = (to: string, more = '-q') =>
    host.start(`disk move web1 xvda --to ${to} ${more}`, { host: ok(asOpened) });
  return { ...host, kernel, keeper, frontStates, asOpened, move };
}

const front = ({ guest }: Scene) => guest.disks.get(51712)!.front;
const ask = (scene: Scene, what: 'read' | 'write', sector: number) =>
  scene.sim.run(front(scene).ask(what, sector));

/** The guest's end has seen nothing; it has one page of data for all that it asks. */
async function expectServed(scene: Scene, by: string): Promise<void> {
  front(scene).data.region.bytes.fill(0x5a);
  expect(await ask(scene, 'write', 8)).toBe(0);
  expect(scene.images.get('/a.img')?.[8 * 512]).toBe(0x5a);
  expect(new Set(scene.frontStates)).toEqual(new Set(['4']));
  const script = await scene.node(`${BACK}/script`);
  expect(script).toBe(`/etc/xen/scripts/${by === 'xtl' ? 'block-xtl' : 'block'}`);
  expect(await scene.node(`${BACK}/state`)).toBe('4');
  for (const wish of ['xtl-take', 'xtl-release']) {
    expect(await scene.node(`${BACK}/${wish}`)).toBeUndefined();
  }
}

it('goes to the kernel and back, again and again, and its guest sees nothing', async () => {
  const scene = await open();
  for (let round = 1; round <= 3; round++) {
    expect(await scene.sim.run(scene.move('kernel'))).toMatchObject({ exit: 0, stderr: '' });
    await expectServed(scene, 'kernel');
    expect(await scene.sim.run(scene.move('xtl'))).toMatchObject({ exit: 0, stderr: '' });
    await expectServed(scene, 'xtl');
    expect([scene.kernel.bound, scene.kernel.unbound]).toEqual([round, round]);
  }
});

it('what the guest asks for meanwhile is done, once or more, and answered once', async () => {
  const scene = await open();
  const { sim } = scene;
  let answers = 0;
  let isOver = false;
  const asking = (async () => {
    for (let i = 0; !isOver; i++) {
      front(scene).data.region.bytes.fill(i & 0xff);
      expect(await front(scene).ask('write', 8 * (i % 4))).toBe(0);
      expect(scene.images.get('/a.img')?.[8 * (i % 4) * 512]).toBe(i & 0xff);
      answers++;
    }
  })();
  for (let round = 0; round < 4; round++) {
    for (const to of ['kernel', 'xtl']) {
      const before = answers;
      expect(await sim.run(scene.move(to))).toMatchObject({ exit: 0, stderr: '' });
      await scene.sleep(50);
      expect(answers).toBeGreaterThan(before);
    }
  }
  isOver = true;
  await sim.run(asking);
});

it('what is there already stays', async () => {
  const scene = await open();
  expect(await scene.sim.run(scene.move('xtl'))).toMatchObject({ exit: 0 });
  expect(scene.kernel.bound).toBe(0);
  await scene.sim.run(scene.move('kernel'));
  expect(await scene.sim.run(scene.move('kernel'))).toMatchObject({ exit: 0 });
  expect(scene.kernel.bound).toBe(1);
});

it('is taken over when the kernel has ended what it had begun, and not before', async () => {
  const scene = await open();
  await scene.sim.run(scene.move('kernel'));
  scene.kernel.isStalled = true;
  front(scene).data.region.bytes.fill(0x77);
  const asked = front(scene).ask('write', 16);
  await scene.sleep(10);
  const moved = scene.move('xtl');
  await scene.sleep(5000);
  expect(await scene.node(`${BACK}/xtl-take`)).toBeDefined();
  scene.kernel.isStalled = false;
  expect(await scene.sim.run(asked)).toBe(0);
  expect(await scene.sim.run(moved)).toMatchObject({ exit: 0, stderr: '' });
  expect(scene.images.get('/a.img')?.[16 * 512]).toBe(0x77);
  await expectServed(scene, 'xtl');
});

it('a wish to let go that is taken back while it is granted leaves the disk ours', async () => {
  const scene = await open();
  const { sim, xenstore } = scene;
  scene.stall(true);
  const asked = front(scene).ask('write', 16);
  await scene.sleep(10);
  must(await sim.run(xenstore.write(`${BACK}/xtl-release`, '/etc/xen/scripts/block')));
  await scene.sleep(1000);
  must(await sim.run(xenstore.rm(`${BACK}/xtl-release`)));
  scene.stall(false);
  expect(await sim.run(asked)).toBe(0);
  await expectServed(scene, 'xtl');
  expect(scene.kernel.bound).toBe(0);
});

it('the guest’s word that the kernel may keep its pages mapped is not believed', async () => {
  const scene = await open();
  must(await scene.sim.run(scene.xenstore.write(`${FRONT}/feature-persistent`, '1')));
  await scene.sim.run(scene.move('kernel'));
  expect(await scene.node(`${FRONT}/feature-persistent`)).toBe('0');
  expect(await scene.node(`${BACK}/physical-device`)).toBe('7:0');
});

describe('is refused before anything is done', () => {
  const block = KERNEL.block!;
  it.each<[string, Partial<KernelDisk>, string]>([
    ['not seen by the kernel', { isSeen: false }, 'before the kernel had seen it'],
    ['no driver', { limits: undefined }, 'modprobe xen-blkback'],
    ['a file', { block: undefined }, '/a.img is a file'],
    ['fewer queues', { limits: { queues: 1, ringOrder: 4 } }, 'it has 2 queues, and the kernel 1'],
    ['smaller rings', { limits: { queues: 4, ringOrder: 0 } }, 'rings of order 1'],
    ['sectors', { block: { ...block, sectorBytes: 4096 } }, 'sector-size is 512, and .* 4096'],
    ['no flush', { block: { ...block, canFlush: false } }, 'no feature-flush-cache'],
    ['no discard', { block: { ...block, canDiscard: false } }, 'no feature-discard'],
  ])('to the kernel: %s', async (_, disk, why) => {
    const scene = await open(disk);
    const keys = { 'multi-queue-num-queues': '2', 'ring-page-order': '1' };
    for (const [name, value] of Object.entries(keys)) {
      must(await scene.sim.run(scene.xenstore.write(`${FRONT}/${name}`, value)));
    }
    const ran = await scene.sim.run(scene.move('kernel'));
    expect(ran).toMatchObject({ exit: 1, stderr: expect.stringMatching(why) });
    expect(scene.kernel.bound).toBe(0);
    await expectServed(scene, 'xtl');
  });

  it.each<[string, () => Promise<Scene>, string, string]>([
    ['another device', () => open({ own: 'fd:3' }), '', 'is not what its guest has'],
    ['a feature', () => open(), 'feature-max-indirect-segments', 'segments 512, and has 256'],
    ['queues', () => open(), `${FRONT}/multi-queue-num-queues`, '512 rings'],
  ])('to us: %s', async (_, make, node, why) => {
    const scene = await make();
    await scene.sim.run(scene.move('kernel'));
    const path = node.startsWith('/') ? node : `${BACK}/${node}`;
    if (node !== '') must(await scene.sim.run(scene.xenstore.write(path, '512')));
    const ran = await scene.sim.run(scene.move('xtl'));
    expect(ran).toMatchObject({ exit: 1, stderr: expect.stringMatching(why) });
    expect(scene.kernel.unbound).toBe(0);
    await expectServed(scene, 'kernel');
  });
});

describe('what fails is taken back', () => {
  const LATE_MS = 2000;
  const move = (scene: Scene, to: 'xtl' | 'kernel') => {
    const plan = planMove(OF, 51712, 'xvda', to, LATE_MS);
    return scene.sim.run(runPlan(plan, newDiskState(scene.asOpened), scene.sim.dom0.clock));
  };

  it('where the kernel does not serve it', async () => {
    const scene = await open();
    scene.kernel.isDeaf = true;
    expect(await move(scene, 'kernel')).toMatchObject({ error: { step: 'bind', left: [] } });
    await expectServed(scene, 'xtl');
  });

  it('where what the kernel has begun does not end in time', async () => {
    const scene = await open();
    await move(scene, 'kernel');
    scene.kernel.isStalled = true;
    const asked = front(scene).ask('write', 16);
    await scene.sleep(10);
    const moved = move(scene, 'xtl');
    await scene.sleep(LATE_MS + 1000);
    scene.kernel.isStalled = false;
    expect(await moved).toMatchObject({ error: { step: 'take', errno: 'ETIMEDOUT', left: [] } });
    expect(await scene.sim.run(asked)).toBe(0);
    await expectServed(scene, 'kernel');
  });
});

it('a back end that dies meanwhile is followed by one that goes on with it', async () => {
  const scene = await open();
  for (let i = 0; i < 20; i++) {
    for (const to of ['kernel', 'xtl'] as const) {
      const ran = scene.move(to);
      await scene.sleep(3 * i);
      scene.killBackend();
      scene.startBackend();
      expect(await scene.sim.run(ran)).toMatchObject({ exit: 0, stderr: '' });
      await expectServed(scene, to);
    }
  }
});

it.each([
  ['web1 xvda', 2, 'to which back end'],
  ['web1 xvda --to me', 2, 'xtl, kernel'],
  ['web1 xvdz --to xtl', 3, 'there is no xvdz'],
])('xtl disk move %s is refused with %i', async (line, exit, why) => {
  const scene = await open();
  const ran = await scene.sim.run(scene.start(`disk move ${line}`, { host: ok(scene.asOpened) }));
  expect(ran).toMatchObject({ exit, stderr: expect.stringContaining(why) });
});

it('shows its steps', async () => {
  const scene = await open();
  const ran = await scene.sim.run(scene.move('kernel', '--dry-run'));
  expect(ran.exit).toBe(0);
  expect(ran.stdout).toMatch(/check that xvda .*\n.*let go\n.*kernel’s back end serves it\n/);
  expect(scene.kernel.bound).toBe(0);
});
