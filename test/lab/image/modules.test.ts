// Which kernel modules an image gets, by depmod's index.
import { describe, expect, it } from 'vitest';
import { moduleClosure, moduleName, parseModulesDep } from './modules.ts';

const dep = parseModulesDep(
  [
    'kernel/fs/ext4/ext4.ko: kernel/fs/jbd2/jbd2.ko kernel/lib/crc16.ko',
    'kernel/fs/jbd2/jbd2.ko:',
    'kernel/lib/crc16.ko:',
    'kernel/net/bridge/bridge.ko.xz: kernel/net/802/stp.ko.xz kernel/net/llc/llc.ko.xz',
    'kernel/net/802/stp.ko.xz: kernel/net/llc/llc.ko.xz',
    'kernel/net/llc/llc.ko.xz:',
    'kernel/drivers/xen/xen-evtchn.ko:',
    '',
  ].join('\n'),
);
const builtin = 'kernel/drivers/virtio/virtio_pci.ko\n';

describe('the chosen modules', () => {
  it.each([
    ['none', [], []],
    ['one alone', ['xen-evtchn'], ['xen-evtchn.ko']],
    ['by either spelling', ['xen_evtchn'], ['xen-evtchn.ko']],
    ['dependencies first', ['ext4'], ['crc16.ko', 'jbd2.ko', 'ext4.ko']],
    [
      'inner dependencies before outer ones',
      ['bridge'],
      ['llc.ko.xz', 'stp.ko.xz', 'bridge.ko.xz'],
    ],
    ['what several need once', ['jbd2', 'ext4'], ['jbd2.ko', 'crc16.ko', 'ext4.ko']],
    ["not the kernel's own", ['virtio_pci', 'jbd2'], ['jbd2.ko']],
  ])('%s', (_, wanted, expected) => {
    const paths = moduleClosure(dep, wanted, builtin);
    expect(paths.map((path) => path.split('/').at(-1))).toEqual(expected);
  });

  it('a module that no kernel has is an error that names it', () => {
    expect(() => moduleClosure(dep, ['zfs'], builtin)).toThrow('the kernel has no module zfs');
  });
});

it.each([
  ['kernel/drivers/xen/xen-evtchn.ko', 'xen_evtchn'],
  ['a/b_c-d.ko.xz', 'b_c_d'],
  ['ext4', 'ext4'],
])('the name of %s is %s', (path, name) => {
  expect(moduleName(path)).toBe(name);
});
