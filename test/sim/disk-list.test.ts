/** The list of a domain's disks, whoever serves them. */

import { expect, it } from 'vitest';
import { must } from '../../shared/core/result.ts';
import { createPage, HISTOGRAMS } from '../../shared/telemetry/blk-counters.ts';
import { diskHost } from './disk-host.ts';

it('has what is behind each, and how far its ends are', async () => {
  const host = await diskHost(['/a.img,raw,xvda,w', '/c.iso,raw,xvdc,cdrom', ',,hdd,cdrom']);
  const { xtl } = host;
  const list = JSON.parse((await xtl('disk list web1 -o json')).stdout);
  const both = { backendDomid: 0, server: 'xtl', error: null };
  const connected = { ...both, backendState: 'Connected', frontendState: 'Connected' };
  expect(list).toEqual([
    {
      ...{ ...connected, vdev: 'hdd', device: 5696, target: null, format: 'empty', mode: 'r' },
      ...{ cdrom: true, sizeBytes: 0 },
    },
    {
      ...{ ...connected, vdev: 'xvda', device: 51712, target: '/a.img', format: 'raw', mode: 'w' },
      ...{ cdrom: false, sizeBytes: 32768 },
    },
    {
      ...{ ...connected, vdev: 'xvdc', device: 51744, target: '/c.iso', format: 'raw', mode: 'r' },
      ...{ cdrom: true, sizeBytes: 16384 },
    },
  ]);
  const { stdout } = await xtl('block-list web1');
  expect(stdout).toMatch(/^VDEV +DEVICE +MODE +TYPE +SIZE +BACKEND +GUEST +TARGET\n/);
  expect(stdout).toMatch(
    /\nxvda +51712 +w +disk raw +32 KiB +0 xtl Connected +Connected +\/a.img\n/,
  );
  expect((await xtl('disk list web1 -o yaml')).stdout).toMatch(/^- vdev: "hdd"\n/);
});

it('is empty for a VM without any', async () => {
  const { xtl } = await diskHost();
  expect(await xtl('disk list web1 -o json')).toEqual({ exit: 0, stdout: '[]\n', stderr: '' });
  expect((await xtl('disk list web1')).stdout.split('\n')).toHaveLength(2);
  expect(await xtl('disk list ghost')).toMatchObject({ exit: 3 });
});

it('knows disks of others by their nodes, and takes no word of the guest', async () => {
  const { xtl, sim, xenstore } = await diskHost();
  const kept = '/libxl/1/device/vbd';
  const qdisk = '/local/domain/0/backend/qdisk/1/768';
  const linux = '/local/domain/3/backend/vbd/1/51760';
  const nodes = {
    [`${kept}/768/backend`]: qdisk,
    [`${kept}/768/dev`]: 'hda',
    [`${qdisk}/params`]: 'qcow2:/a:b.qcow2',
    [`${kept}/51760/backend`]: linux,
    [`${linux}/params`]: '/dev/vg/x:y',
    [`${linux}/physical-device`]: 'fe:0',
    [`${linux}/state`]: '4',
    [`${linux}/sectors`]: '8',
    '/local/domain/1/device/vbd/51760/state': 'constructor',
    '/local/domain/1/error/device/vbd/51760/error': 'no\x1b[2J',
    [`${kept}/9/backend`]: '/local/domain/1/device/vbd/51760',
    [`${kept}/x/backend`]: linux,
  };
  const list = Object.entries(nodes).map(([path, value]) => ({ path, value }));
  must(await sim.run(xenstore.writeAll(list)));
  const { stdout } = await xtl('disk list web1 -o json');
  expect(JSON.parse(stdout)).toEqual([
    expect.objectContaining({
      ...{ vdev: 'hda', target: '/a:b.qcow2', format: 'qcow2', server: 'QEMU', sizeBytes: null },
      ...{ backendState: null, frontendState: null },
    }),
    expect.objectContaining({
      ...{ vdev: '51760', target: '/dev/vg/x:y', format: 'raw', server: 'Linux', sizeBytes: 4096 },
      ...{ backendDomid: 3, backendState: 'Connected', frontendState: 'Unknown' },
    }),
  ]);
  expect((await xtl('disk list web1')).stdout).toContain('\n51760: no␛[2J\n');
});

it('tells what disks have done, where somebody counts', async () => {
  const { xtl, written } = await diskHost(['/a.img,raw,xvda,w', '/b.img,raw,xvdb,w']);
  const { words, counters } = createPage({ domid: 1, uniqueId: 7n, device: 51712 });
  // Five reads, of which three took up to 512 us and two up to 8 ms.
  counters.set([5, 20480, 1]);
  counters.set([3], HISTOGRAMS + 8);
  counters.set([2], HISTOGRAMS + 12);
  const page = new Uint8Array(4096);
  page.set(new Uint8Array(words.buffer));
  written.set('/run/xtl/blkback/vbd-1-51712.stats', page);
  const { stdout } = await xtl('disk list web1 --stats');
  expect(stdout).toMatch(/^VDEV +READS +READ +P99 +WRITES +WRITTEN +P99 +FLUSHES +P99 +ERRORS/);
  expect(stdout).toMatch(/\nxvda +5 +20 KiB +< 8 ms +0 +0 B +- +0 +- +1 +0 +0 of 0\n/);
  expect(stdout).toMatch(/\nxvdb +- +- +-/);
  const [a, b] = JSON.parse((await xtl('disk list web1 --stats -o json')).stdout);
  expect(a.stats.read).toMatchObject({
    requests: 5,
    errors: 1,
    latencyUs: { p50: 512, p99: 8192 },
  });
  expect([a.stats.write.latencyUs.p50, b.stats]).toEqual([null, null]);
  written.set('/run/xtl/blkback/vbd-1-51712.stats', new Uint8Array(4096).fill(1));
  expect(await xtl('disk list web1 --stats')).toMatchObject({
    ...{ exit: expect.any(Number), stderr: expect.stringContaining('these are no counters') },
  });
});
