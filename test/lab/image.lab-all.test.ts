// The larger images: what drivers need in dom0, and systemd with udev.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { xensHere } from './extent.ts';
import type { LabHost } from './host.ts';
import { testHost } from './test-host.ts';

/** Each is there and runs. */
const PROGRAMS = [
  ['python3 -c "import json; print(json.dumps([1]))"', /^\[1\]$/m],
  ['dmsetup version', /^Driver version: +4\./m],
  ['qemu-img --version', /^qemu-img version 10\./],
  ['nbdkit --version', /^nbdkit 1\./],
  ['iptables -t nat -A POSTROUTING -j MASQUERADE; iptables -t nat -S', /-j MASQUERADE/],
  ['ls /usr/lib/grub-xen', /^grub-x86_64-xen\.bin$/m],
] as const;

/** Every sector takes its time, as on a slow disk. */
const DELAYED = `head -c 1048576 /dev/zero > /root/slow.img; modprobe loop; modprobe dm-delay
losetup /dev/loop0 /root/slow.img
echo 0 2048 delay /dev/loop0 0 20 | dmsetup create slow
dmsetup status slow`;

const HOSTS = [
  { xen: '4.17', image: 'tools', model: 'version 7.2' },
  { xen: '4.20', image: 'systemd', model: 'version 10.0' },
] as const;
const here = HOSTS.filter(({ xen }) => xensHere.includes(xen));

describe.each(here)('on Xen $xen, the image $image', ({ xen, image, model }) => {
  let host: LabHost;
  beforeAll(async () => {
    host = await testHost({ xen, image });
  });
  afterAll(() => host?.end());

  it.each(PROGRAMS)('has %s', async (command, answer) => {
    expect(await host.must(command)).toMatch(answer);
  });

  it('delays a disk', async () => {
    expect(await host.must(DELAYED)).toMatch(/^0 2048 delay/m);
  });

  it('has the device model of its Xen, which serves a qcow2 disk to a guest of xl', () =>
    host.withGuests(async () => {
      expect(await host.must('/usr/libexec/xen-qemu-system-i386 --version')).toContain(model);
      await host.must('modprobe xen-gntalloc; qemu-img create -q -f qcow2 /root/d.qcow2 64M');
      const guest = await host.bootGuest('full', {
        ...{ by: 'xl', console: 'xl' },
        settings: ['type="pv"', 'disk=["/root/d.qcow2,qcow2,xvda,rw"]'],
      });
      await guest.waitForPrompt();
      expect(await guest.run('cat /sys/block/xvda/size')).toBe('131072');
      await guest.run('echo kept | dd of=/dev/xvda conv=fsync 2>/dev/null');
      await guest.shutdown();
      const kept =
        'qemu-img dd -f qcow2 -O raw bs=512 count=1 if=d.qcow2 of=first && head -n 1 first';
      expect(await host.must(kept)).toBe('kept\n');
    }));

  if (image === 'systemd') {
    it('has systemd as process 1, udev, and nothing that failed', async () => {
      expect(await host.must('cat /proc/1/comm')).toBe('systemd\n');
      expect(await host.must('systemctl is-active lab.service systemd-udevd')).toBe(
        'active\nactive\n',
      );
      expect(await host.must('systemctl list-units --failed --no-legend --plain')).toBe('');
      await host.must('udevadm settle && test -L /dev/disk/by-path/*');
    });
  }
});
