/** What frontends write of their rings, and what becomes of what no frontend would write. */

import { expect, it } from 'vitest';
import { type DeviceKeys, offered, readDevice, readFront } from '../../../drivers/blkback/keys.ts';
import type { RateLimits } from '../../../shared/core/rate.ts';
import { must } from '../../../shared/core/result.ts';
import { createSimXenstored } from '../xenstored-host.ts';

const RINGS = { queuesMax: 4, orderMax: 4 };
const PATH = '/front';

async function nodesWith(keys: Readonly<Record<string, string | number>>) {
  const { sim, tools } = createSimXenstored();
  const list = Object.entries(keys).map(([name, value]) => ({
    ...{ path: `${PATH}/${name}`, value: String(value) },
  }));
  must(await sim.run(tools.writeAll([{ path: PATH, value: '' }, ...list])));
  return { sim, tools };
}

const one = { 'ring-ref': 8, 'event-channel': 3 };
const queue = (i: number) => ({
  [`queue-${i}/ring-ref`]: 8 + i,
  [`queue-${i}/event-channel`]: 3 + i,
});

it.each([
  ['Linux with one ring', { ...one, protocol: 'x86_64-abi' }, [[[8], 3]]],
  ['one that names no protocol', one, [[[8], 3]]],
  ['Mirage', { 'ring-page-order': 0, ...one }, [[[8], 3]]],
  [
    'Linux with a ring of two pages',
    { 'ring-page-order': 1, 'ring-ref0': 8, 'ring-ref1': 9, 'event-channel': 3 },
    [[[8, 9], 3]],
  ],
  [
    'FreeBSD',
    {
      'num-ring-pages': 2,
      'ring-page-order': 1,
      'ring-ref0': 8,
      'ring-ref1': 9,
      'event-channel': 3,
    },
    [[[8, 9], 3]],
  ],
  [
    'FreeBSD with one page',
    { 'num-ring-pages': 1, 'ring-ref0': 8, 'event-channel': 3 },
    [[[8], 3]],
  ],
  [
    'Linux with two rings',
    { 'multi-queue-num-queues': 2, ...queue(0), ...queue(1) },
    [
      [[8], 3],
      [[9], 4],
    ],
  ],
  ['one that counts its one ring', { 'multi-queue-num-queues': 1, ...one }, [[[8], 3]]],
  [
    'one that counts its one ring, and has it there',
    { 'multi-queue-num-queues': 1, ...queue(0) },
    [[[8], 3]],
  ],
] as [string, Record<string, string | number>, [number[], number][]][])(
  'the rings of %s are found',
  async (_, keys, want) => {
    const { sim, tools } = await nodesWith(keys);
    const { rings } = must(await sim.run(readFront(tools, PATH, RINGS)));
    expect(rings.map(({ ringRefs, eventChannel }) => [ringRefs, eventChannel])).toEqual(want);
  },
);

it.each([
  ['no ring', { 'event-channel': 3 }, 'ring-ref is missing'],
  ['no channel', { 'ring-ref': 8 }, 'event-channel is missing'],
  ['a reference that is no number', { ...one, 'ring-ref': 'x' }, "'x', no number"],
  ['a reference too large', { ...one, 'ring-ref': '4294967296' }, 'no number'],
  ['a negative channel', { ...one, 'event-channel': '-1' }, 'no number'],
  ['another protocol', { ...one, protocol: 'vax' }, "a protocol 'vax'"],
  ['no rings', { ...one, 'multi-queue-num-queues': 0 }, '0 rings'],
  ['more rings than were offered', { ...one, 'multi-queue-num-queues': 5 }, '5 rings'],
  ['a ring of too many pages', { ...one, 'ring-page-order': 5 }, 'a ring of 32 pages'],
  ['a ring of an order that no page has', { ...one, 'ring-page-order': 4294967295 }, 'a ring of'],
  ['a ring of three pages', { ...one, 'num-ring-pages': 3 }, 'a ring of 3 pages'],
  ['a ring of no pages', { ...one, 'num-ring-pages': 0 }, 'a ring of 0 pages'],
  [
    'a page that is missing',
    { 'ring-page-order': 1, 'ring-ref0': 8, 'event-channel': 3 },
    'ring-ref1 is missing',
  ],
  [
    'a ring that is missing',
    { 'multi-queue-num-queues': 2, ...queue(0) },
    'queue-1/ring-ref is missing',
  ],
] as [string, Record<string, string | number>, string][])(
  'ring trap 4: %s is an error',
  async (_, keys, why) => {
    const { sim, tools } = await nodesWith(keys);
    const found = await sim.run(readFront(tools, PATH, RINGS));
    expect(found).toMatchObject({ ok: false, error: { what: expect.stringContaining(why) } });
  },
);

it('a device is what its toolstack wrote', async () => {
  const keys = { frontend: '/f', 'frontend-id': 5, params: '/d', mode: 'w', removable: 1 };
  const { sim, tools } = await nodesWith({ ...keys, 'device-type': 'cdrom' });
  expect(must(await sim.run(readDevice(tools, PATH)))).toEqual({
    ...{ frontend: '/f', frontendId: 5, params: '/d', mode: 'w', isCdrom: true, isRemovable: true },
    rate: { bytes: 0, operations: 0 },
  });
});

it.each([
  ['none', {}, { bytes: 0, operations: 0 }],
  ['zeros', { 'xtl-rate-bytes': 0, 'xtl-rate-iops': 0 }, { bytes: 0, operations: 0 }],
  ['bytes', { 'xtl-rate-bytes': 1_000_000 }, { bytes: 1_000_000, operations: 0 }],
  ['operations', { 'xtl-rate-iops': 300 }, { bytes: 0, operations: 300 }],
  ['the most', { 'xtl-rate-bytes': 2 ** 40 }, { bytes: 2 ** 40, operations: 0 }],
] as [string, Record<string, number>, RateLimits][])(
  'a device’s rates are read: %s',
  async (_, keys, rate) => {
    const { sim, tools } = await nodesWith({ frontend: '/f', 'frontend-id': 5, ...keys });
    expect(must(await sim.run(readDevice(tools, PATH)))).toMatchObject({ rate });
  },
);

it.each(['-1', '1.5', '', 'many', String(2 ** 40 + 1), '99999999999999999999'])(
  'a rate of "%s" is an error',
  async (value) => {
    const keys = { frontend: '/f', 'frontend-id': 5, 'xtl-rate-iops': value };
    const { sim, tools } = await nodesWith(keys);
    const found = await sim.run(readDevice(tools, PATH));
    expect(found).toMatchObject({ ok: false, error: { errno: 'EINVAL' } });
  },
);

it.each([
  ['without a frontend', { 'frontend-id': 5 }, 'ENOENT'],
  ['without a domain', { frontend: '/f' }, 'ENOENT'],
  ['with nonsense for one', { frontend: '/f', 'frontend-id': 'x' }, 'EINVAL'],
])('a device %s is none yet', async (_, keys, errno) => {
  const { sim, tools } = await nodesWith(keys as Record<string, string | number>);
  expect(await sim.run(readDevice(tools, PATH))).toMatchObject({ ok: false, error: { errno } });
});

it.each([
  [{}, '1'],
  [{ cannotFlush: true as const }, '0'],
])('flush is offered where the disk has it: %j', (more, want) => {
  const keys = { isCdrom: false, isRemovable: false } as DeviceKeys;
  const shape = { sectorBytes: 512, sectors: 8, isReadOnly: false, canDiscard: false };
  const nodes = offered('/b', keys, { ...shape, canDiscardSecurely: false, ...more }, RINGS);
  for (const name of ['feature-flush-cache', 'feature-barrier']) {
    expect(nodes).toContainEqual({ path: `/b/${name}`, value: want });
  }
});

it.each([
  ['a disk', {}, {}, { info: 0, 'sector-size': 512, 'physical-sector-size': 4096 }],
  ['one of large sectors', {}, { sectorBytes: 4096 }, { 'sector-size': 4096 }],
  ['one that cannot be written', {}, { isReadOnly: true }, { info: 4 }],
  ['a drive', { isCdrom: true, isRemovable: true }, { isReadOnly: true }, { info: 7 }],
])('disk traps 6, 9: %s tells what it is', (_, keys, more, want) => {
  const device = { isCdrom: false, isRemovable: false, ...keys } as DeviceKeys;
  const shape = { sectorBytes: 512, sectors: 8, isReadOnly: false, canDiscard: false };
  const nodes = offered('/b', device, { ...shape, canDiscardSecurely: false, ...more }, RINGS);
  for (const [name, value] of Object.entries(want)) {
    expect(nodes).toContainEqual({ path: `/b/${name}`, value: String(value) });
  }
  expect(Number(nodes.find(({ path }) => path === '/b/physical-sector-size')?.value)).toBe(4096);
});
