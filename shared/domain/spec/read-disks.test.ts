/** What a configuration's disks mean, and which ones are refused. */

import { expect, it } from 'vitest';
import { readConfig } from '../xl-cfg/config.ts';
import { joinSources } from '../xl-cfg/sources.ts';
import { readSpec, type SpecReading } from './read-spec.ts';

const BASE = 'name="web1"\ntype="pvh"\nkernel="/boot/vmlinuz"\nmemory=256\n';

const read = (text: string): SpecReading => readSpec(readConfig(joinSources('vm.cfg', text, [])));

const XVDA = { vdev: 'xvda', device: 51712, isCdrom: false, isDirectIoSafe: false };

it.each([
  ['"/d,raw,xvda,w"', [{ ...XVDA, target: '/d', isWritable: true }]],
  ['"/d,raw,xvda,r"', [{ ...XVDA, target: '/d', isWritable: false }]],
  ['"/d,,xvda,discard"', [{ ...XVDA, target: '/d', isWritable: true, discard: true }]],
  [
    '"/d,raw,xvda", "/größe,raw,hda"',
    [{ target: '/d' }, { target: '/gr\xc3\xb6\xc3\x9fe', device: 768 }],
  ],
  ['"/a.iso,,hdc,cdrom"', [{ target: '/a.iso', device: 5632, isCdrom: true, isWritable: false }]],
  ['"format=raw,backendtype=phy,script=block-xtl,vdev=xvda,target=/d"', [{ target: '/d' }]],
  ['",,hdc,cdrom"', [{ target: '', device: 5632, isCdrom: true }]],
  ['"xvda2,raw,xvda,w,backend=storage"', [{ target: 'xvda2', backend: 'storage' }]],
  ['"/d.qcow2,qcow2,xvda"', [{ target: 'qcow2:/d.qcow2' }]],
  ['"format=qcow,vdev=xvda,target=/d"', [{ target: 'qcow:/d' }]],
  ['"vhd:/d,xvda,r"', [{ target: 'vhd:/d', isWritable: false }]],
  ['"/d,qed,xvda"', [{ target: 'qed:/d' }]],
  ['"script=block-xtl,vdev=xvda,target=qcow2:/d"', [{ target: 'qcow2:/d' }]],
  ['"vdev=xvda,target=vmdk:/d"', [{ target: 'vmdk:/d' }]],
  ['"vdev=xvda,target=nbd://host:1/a,b"', [{ target: 'nbd://host:1/a,b' }]],
  ['"vdev=xvda,target=nbd+unix:///a?socket=/s"', [{ target: 'nbd+unix:///a?socket=/s' }]],
])('disk = [ %s ] is understood', (text, disks) => {
  const { spec, problems } = read(`${BASE}disk=[${text}]\n`);
  expect(problems).toEqual([]);
  expect(spec?.disks).toMatchObject(disks);
});

it.each([
  ['"nonsense"', '5:7 XTL-C029', 'no vdev specified'],
  ['"/d,zip,xvda"', '5:7 XTL-C029', 'unknown value for format: "zip"'],
  ['"/d,raw,xvda", "/e,raw,d0p0"', '5:22 XTL-C029', 'd0p0 is there already: /d'],
  ['"/d,raw,xvdaXY"', '5:7 XTL-C029', 'there is no virtual disk "xvdaXY"'],
  ['"vg/web1,raw,xvda"', '5:7 XTL-C029', 'the target is no absolute path'],
  ['"d.qcow2,qcow2,xvda"', '5:7 XTL-C029', 'qcow2: is followed by an absolute path'],
  [
    '"format=qcow2,vdev=xvda,target=vhd:/d"',
    '5:7 XTL-C029',
    'qcow2: is followed by an absolute path',
  ],
  [
    '"format=vhd,vdev=xvda,target=nbd://h/"',
    '5:7 XTL-C029',
    'vhd: is followed by an absolute path',
  ],
  ['"vdev=xvda,target=rbd:pool/d"', '5:7 XTL-C027', 'targets rbd: are not supported'],
  [
    '"vdev=xvda,target=nbds://h/d"',
    '5:7 XTL-C027',
    'targets nbds: need TLS, which is not supported',
  ],
  ['"vdev=xvda,target=nbd://h:0/d"', '5:7 XTL-C029', 'there is no port 0'],
  ['"nbd://h/d,xvda"', '5:7 XTL-C027', 'disks by the script block-nbd come later'],
  ['",empty,xvda"', '5:7 XTL-C029', 'only a drive may be empty'],
  ['",,xvda,cdrom", "/d,raw,xvda"', '5:23 XTL-C029', 'xvda is there already: an empty drive'],
  [
    '"/d,qcow2,xvda,w,backend=storage"',
    '5:7 XTL-C027',
    'images in the format qcow2 of driver domains come later',
  ],
  ['"/d,raw,xvda,w,script=block-nbd"', '5:7 XTL-C027', 'disks by the script block-nbd come later'],
  ['["/d,raw,xvda"]', '5:7 XTL-C029', 'a disk is a string, not a list'],
])('disk = [ %s ] is refused', (text, place, message) => {
  const { spec, problems } = read(`${BASE}disk=[${text}]\n`);
  expect(spec).toBeUndefined();
  const shown = problems.map((p) => [`${p.line}:${p.column} ${p.code}`, p.message]);
  expect(shown).toEqual([[place, message]]);
});
