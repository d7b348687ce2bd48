// QEMU's command line.
import { describe, expect, it } from 'vitest';
import type { Images } from '../image/images.ts';
import { qemuArguments, qemuMajor } from './qemu.ts';

const images = (dir: string): Images => ({
  dir,
  xen: { '4.17': `${dir}/xen-4.17`, '4.20': `${dir}/xen-4.20` },
  kernel: `${dir}/vmlinux`,
  initramfs: `${dir}/initramfs`,
  disk: `${dir}/disk`,
  key: '',
  hostKey: '',
});

const args = (
  how: Partial<Parameters<typeof qemuArguments>[1]> = {},
  dir = '/i',
  major = 7,
): string[] =>
  qemuArguments(
    images(dir),
    { xen: '4.17', accel: 'tcg', xenstored: 'c', ...how },
    { sshPort: 2222, consoleLog: `${dir}/log`, major },
  );

const valueAfter = (option: string, from = args()): string =>
  from[from.indexOf(option) + 1] as string;

describe('the machine', () => {
  it.each(['4.17', '4.20'] as const)('boots Xen %s', (xen) => {
    expect(valueAfter('-kernel', args({ xen }))).toBe(`/i/xen-${xen}`);
  });

  it('starts dom0 with the chosen xenstored', () => {
    const modules = '/i/vmlinux console=hvc0 quiet xtl.xenstored=/x/y,/i/initramfs';
    expect(valueAfter('-initrd', args({ xenstored: '/x/y' }))).toBe(modules);
  });

  it.each([
    ['plain', false],
    ['tools', false],
    ['systemd', true],
  ] as const)('of the image %s has systemd as process 1: %s', (image, has) => {
    expect(valueAfter('-initrd', args({ image })).includes(' xtl.init=systemd ')).toBe(has);
  });

  it('takes commands from this machine alone, and reaches no network', () => {
    expect(valueAfter('-netdev')).toMatch(/restrict=on,hostfwd=tcp:127\.0\.0\.1:2222-:22$/);
  });

  it('never writes to the disk that all share', () => {
    expect(valueAfter('-drive')).toMatch(/^file=\/i\/disk,snapshot=on,/);
  });

  it('writes to a disk of its own', () => {
    const drive = valueAfter('-drive', args({ disk: '/i/my,disk' }));
    expect(drive).toBe('file=/i/my,,disk,if=virtio,format=raw');
  });

  it('is emulated by one thread', () => {
    expect(valueAfter('-accel')).toMatch(/^tcg,thread=single,/);
  });

  it('keeps vector registers apart without the trap that emulation lacks', () => {
    expect(valueAfter('-append').split(' ')).toContain('spec-ctrl=eager-fpu');
  });

  it.each([
    ['tcg', 7, false],
    ['tcg', 10, true],
    ['kvm', 10, false],
  ] as const)("with %s of QEMU %i guests run on Xen's own page tables: %s", (accel, major, own) => {
    const words = valueAfter('-append', args({ accel }, '/i', major)).split(' ');
    expect(words.includes('hap=0')).toBe(own);
  });

  it('paths with commas stay whole', () => {
    const odd = args({}, '/a,b');
    expect(valueAfter('-drive', odd)).toContain('file=/a,,b/disk,');
    expect(valueAfter('-serial', odd)).toBe('file:/a,,b/log');
    expect(valueAfter('-initrd', odd)).toMatch(/^\/a,,b\/vmlinux .*,\/a,,b\/initramfs$/);
  });

  it('has no emulation quirks on hardware', () => {
    expect(valueAfter('-cpu', args({ accel: 'kvm' }))).toBe('host');
    expect(valueAfter('-cpu')).toContain('-smap');
  });
});

it.each([
  ['QEMU emulator version 7.2.22 (Debian 1:7.2+dfsg-7+deb12u18+b3)', 7],
  ['QEMU emulator version 10.0.13 (Debian 1:10.0.13+ds-0+deb13u1)\nCopyright', 10],
])('the major version of %j is %i', (text, major) => {
  expect(qemuMajor(text)).toBe(major);
});
