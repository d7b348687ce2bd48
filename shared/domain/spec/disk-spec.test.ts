/** Strings of `disk`: those of the manual, of old, and what is wrong with others. */

import { describe, expect, it } from 'vitest';
import { type DiskSpec, readDiskSpec } from './disk-spec.ts';

const plain = { isCdrom: false, isDirectIoSafe: false, isWritable: true, format: 'raw' };

const good: readonly (readonly [string, Partial<DiskSpec>])[] = [
  ['/dev/vg/guest-volume,,hda', { target: '/dev/vg/guest-volume', vdev: 'hda' }],
  ['/dev/vg/guest-volume,raw,hda,rw', { target: '/dev/vg/guest-volume', vdev: 'hda' }],
  ['format=raw, vdev=hda, access=rw, target=/dev/vg/g', { target: '/dev/vg/g', vdev: 'hda' }],
  ['raw:/dev/vg/guest-volume,hda,w', { target: '/dev/vg/guest-volume', vdev: 'hda' }],
  [
    '/srv/image.iso,,hdc,cdrom',
    { target: '/srv/image.iso', vdev: 'hdc', isCdrom: true, isWritable: false },
  ],
  [',,hdc,cdrom', { target: '', vdev: 'hdc', isCdrom: true, isWritable: false, format: 'empty' }],
  [',hdc:cdrom,r', { target: '', vdev: 'hdc', isCdrom: true, isWritable: false, format: 'empty' }],
  [
    'vdev=hdc, access=r, devtype=cdrom, target=/srv/image.iso',
    { target: '/srv/image.iso', vdev: 'hdc', isCdrom: true, isWritable: false },
  ],
  ['/a/b.qcow2,qcow2,xvda', { target: '/a/b.qcow2', vdev: 'xvda', format: 'qcow2' }],
  ['phy:vg/lv,xvda,w', { target: 'vg/lv', vdev: 'xvda' }],
  ['file:/x.img,xvda1,r', { target: '/x.img', vdev: 'xvda1', isWritable: false }],
  ['tap:aio:/x.img,xvda,w', { target: '/x.img', vdev: 'xvda' }],
  ['tap:qcow2:/x.img,xvda,w', { target: '/x.img', vdev: 'xvda', format: 'qcow2' }],
  ['nbd:host:1,xvda,w', { target: 'host:1', vdev: 'xvda', script: 'block-nbd' }],
  [
    'format=raw,backendtype=phy,script=block-xtl,vdev=xvda,target=nbd+unix:///d?socket=/run/s,a=b',
    {
      ...{ target: 'nbd+unix:///d?socket=/run/s,a=b', vdev: 'xvda', backendtype: 'phy' },
      script: 'block-xtl',
    },
  ],
  [
    '/d,raw,xvda,w,backend=storage,discard,direct-io-safe,untrusted',
    {
      ...{ target: '/d', vdev: 'xvda', backend: 'storage', discard: true },
      ...{ isDirectIoSafe: true, trusted: false },
    },
  ],
  [
    '/d,raw,xvda,w,no-discard,trusted',
    { target: '/d', vdev: 'xvda', discard: false, trusted: true },
  ],
  [' /d , raw, xvda', { target: '/d ', vdev: 'xvda' }],
  ['/d,raw,discards', { target: '/d', vdev: 'discards' }],
];

it.each(good)('%j is read', (text, want) => {
  expect(readDiskSpec(text)).toEqual({ ...plain, ...want });
});

it('a target takes the rest of the string', () => {
  expect(readDiskSpec('vdev=xvda,target=/d,raw,w,')).toEqual({
    ...{ ...plain, target: '/d,raw,w', vdev: 'xvda' },
  });
});

it('words of a command line are read as one string', () => {
  const want = { ...plain, target: '/d,raw', vdev: 'xvdb', isWritable: false };
  expect(readDiskSpec('vdev=xvdb', 'access=r', 'target=/d,raw')).toEqual(want);
  expect(readDiskSpec('/d,raw', 'xvdb,r')).toEqual({ ...want, target: '/d' });
});

describe('what is wrong is told in the words of xl', () => {
  it.each([
    ['', 'no vdev specified', undefined],
    ['nonsense', 'no vdev specified', undefined],
    ['/d,raw', 'no vdev specified', undefined],
    ['vdev=xvda', 'no target specified (and device not removable)', undefined],
    ['/d,zip,xvda', 'unknown value for format', 'zip'],
    ['/d,raw,xvda,x', 'unknown value for access', 'x'],
    ['/d,raw,xvda,w,again', 'too many positional parameters', 'again'],
    ['/d,raw,xvda,format=vhd', 'format respecified', 'vhd'],
    ['/d,raw,xvda,vdev=xvdb', 'vdev respecified', 'xvdb'],
    ['/d,raw,xvda,target=/e', 'target respecified', '/e'],
    ['/d,raw,xvda,backendtype=blktap', 'unknown value for backendtype', 'blktap'],
    ['/d,raw,xvda,devtype=tape', 'unknown value for type', 'devtype=tape'],
    ['/d,raw,xvda,bogus=1', 'unknown parameter', 'bogus=1'],
    ['/d=e,raw,xvda', 'bad disk syntax', '=e'],
    ['foo:/d,raw,xvda', 'unknown deprecated disk prefix', 'foo:'],
    ['/d,raw,xvda:tape', 'unknown deprecated type', 'tape'],
    ['/d,raw,xvda,specification=scsi', 'unknown value for specification', 'scsi'],
  ])('%j', (text, what, near) => {
    expect(readDiskSpec(text)).toEqual(near === undefined ? { what } : { what, near });
  });
});
