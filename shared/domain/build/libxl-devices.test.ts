/** Devices in what libxl keeps of a domain. */

import { expect, it } from 'vitest';
import { must } from '../../core/result.ts';
import { changeLibxlDevice, hasLibxlDevice, LIBXL_DISKS, LIBXL_NICS } from './libxl-devices.ts';

const XVDB = { pdev_path: '/b', vdev: 'xvdb' };

/** As xl writes it, with a number that JavaScript has not. */
const config = (disks: string): string =>
  `{\n    "c_info": { "name": "a\\"]}\\\\" },
    "b_info": { "x": [18446744073709551615, {}] }${disks}\n}\n\0`;

const HAS = ',\n    "disks": [ {"vdev": "xvda", "n": 18446744073709551614},{ "vdev":"hda" } ]';

it.each([
  ['no disks', ''],
  ['an empty list', ', "disks": []'],
  ['two', HAS],
  ['two, and more behind them', `${HAS}, "disks_not": [{ "vdev": "xvdb" }]`],
])('one is added to %s, and taken out again', (_, disks) => {
  const before = config(disks);
  expect(must(hasLibxlDevice(before, LIBXL_DISKS, 51728))).toBe(false);
  const added = must(changeLibxlDevice(before, LIBXL_DISKS, 51728, () => XVDB));
  expect(must(hasLibxlDevice(added, LIBXL_DISKS, 51728))).toBe(true);
  expect(added.endsWith('}\n\0')).toBe(true);
  const parse = (text: string) => JSON.parse(text.replace('\0', ''));
  const old = parse(before).disks ?? [];
  expect(parse(added)).toEqual({ ...parse(before), disks: [...old, XVDB] });
  // Not one digit of what is not ours is lost.
  const numbers = (text: string) => text.match(/\d{20}/g);
  expect(numbers(added)).toEqual(numbers(before));
  const removed = must(changeLibxlDevice(added, LIBXL_DISKS, 51728, () => undefined));
  expect(parse(removed)).toEqual({ ...parse(before), disks: old });
  expect(numbers(removed)).toEqual(numbers(before));
});

it('one is changed where it stands, by whatever name it has', () => {
  const before = config(', "disks": [{"vdev": "d0p0", "kept": 1}, {"vdev": "hda"}]');
  const after = must(
    changeLibxlDevice(before, LIBXL_DISKS, 51712, (entry) => ({ ...entry, pdev_path: '/c' })),
  );
  expect(JSON.parse(after.replace('\0', '')).disks).toEqual([
    { vdev: 'd0p0', kept: 1, pdev_path: '/c' },
    { vdev: 'hda' },
  ]);
});

it('the first one of an empty object', () => {
  const after = must(changeLibxlDevice('{ }', LIBXL_DISKS, 51728, () => XVDB));
  expect(JSON.parse(after.replace('\0', ''))).toEqual({ disks: [XVDB] });
});

it.each([
  ['', 'not JSON'],
  ['{"a":', 'not JSON'],
  ['[1]', 'no object'],
  ['"disks"', 'no object'],
  ['{"disks": {"vdev": "xvda"}}', 'no list'],
])('%j is refused: %s', (text, why) => {
  for (const result of [
    hasLibxlDevice(text, LIBXL_DISKS, 51712),
    changeLibxlDevice(text, LIBXL_DISKS, 51712, () => undefined),
  ]) {
    expect(result).toMatchObject({
      error: { errno: 'EPROTO', what: expect.stringContaining(why) },
    });
  }
});

it.each([['{"disks": [7, null, {"vdev": 3}, {"vdev": "nonsense"}, []]}']])(
  'entries that are none of a disk stay: %s',
  (text) => {
    const after = must(changeLibxlDevice(text, LIBXL_DISKS, 51728, () => XVDB));
    const { disks } = JSON.parse(after.replace('\0', ''));
    expect(disks).toEqual([...JSON.parse(text).disks, XVDB]);
  },
);

it('vifs are known by their numbers, and disks stay', () => {
  const before = '{"nics": [{"devid": 0, "mac": "a"}, {"mac": "b"}], "disks": [{"vdev": "xvda"}]}';
  expect(must(hasLibxlDevice(before, LIBXL_NICS, 0))).toBe(true);
  expect(must(hasLibxlDevice(before, LIBXL_NICS, 1))).toBe(false);
  const added = must(changeLibxlDevice(before, LIBXL_NICS, 1, () => ({ devid: 1 })));
  const after = must(changeLibxlDevice(added, LIBXL_NICS, 0, () => undefined));
  expect(JSON.parse(after.replace('\0', ''))).toEqual({
    ...{ nics: [{ mac: 'b' }, { devid: 1 }], disks: [{ vdev: 'xvda' }] },
  });
});
