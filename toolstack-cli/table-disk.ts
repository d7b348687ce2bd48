/** The commands on disks of VMs, as data; see table.ts. */

import type { Argument, Command } from './table.ts';
import { DOMAIN, OUTPUT, PLAN, TIMEOUT } from './table-parts.ts';

const VDEV: Argument = {
  usage: '<vdev>',
  doc: 'the disk as the guest calls it (xvdb), or its number',
  completes: 'disk',
};

export const DISK_COMMANDS: readonly Command[] = [
  {
    path: ['disk', 'list'],
    alias: 'block-list',
    summary: 'list the disks of a domain',
    args: [DOMAIN],
    options: [{ flags: '--stats', doc: 'what they have done, and how long it took' }, OUTPUT],
    examples: [
      ['xtl disk list web1', 'its disks, what is behind them, and their states'],
      ['xtl disk list web1 --stats', 'requests, bytes and latencies of those that xtl serves'],
      ['xtl disk list web1 -o json', 'the same for a program'],
    ],
    run: async (...args) => (await import('./commands/disk-list.ts')).diskList(...args),
  },
  {
    path: ['disk', 'attach'],
    alias: 'block-attach',
    summary: 'give a domain that runs another disk',
    args: [
      DOMAIN,
      { usage: '<spec...>', doc: 'the disk as in xl.cfg, in one word or more', completes: 'file' },
    ],
    options: [TIMEOUT, ...PLAN],
    examples: [
      ['xtl disk attach web1 /srv/data.img,raw,xvdb,w', 'an image, to be written'],
      ['xtl disk attach web1 vdev=xvdc cdrom target=/srv/cd.iso', 'a drive with a medium'],
    ],
    run: async (...args) => (await import('./commands/disk-attach.ts')).diskAttach(...args),
  },
  {
    path: ['disk', 'detach'],
    alias: 'block-detach',
    summary: 'take a disk from a domain that runs',
    args: [DOMAIN, VDEV],
    options: [
      { flags: '-f, --force', doc: 'even if the guest does not let go of it' },
      TIMEOUT,
      ...PLAN,
    ],
    examples: [
      ['xtl disk detach web1 xvdb', 'once the guest has let go of it'],
      ['xtl disk detach web1 51728 --force', 'even if it does not: it may lose data'],
    ],
    run: async (...args) => (await import('./commands/disk-detach.ts')).diskDetach(...args),
  },
  {
    path: ['disk', 'resize'],
    summary: 'resize the image of a disk, and tell the guest',
    args: [
      DOMAIN,
      VDEV,
      { usage: '[size]', doc: '20G, or +512M for more; without it the disk is measured again' },
    ],
    options: [{ flags: '--shrink', doc: 'even if it becomes smaller: its end is lost' }, ...PLAN],
    examples: [
      ['xtl disk resize web1 xvda +10G', 'its image, a file, grows'],
      ['lvextend -L 20G vg/web1 && xtl disk resize web1 xvda', 'the guest sees what has grown'],
    ],
    run: async (...args) => (await import('./commands/disk-resize.ts')).diskResize(...args),
  },
  {
    path: ['disk', 'move'],
    summary: 'have another back end serve a disk, while its guest runs',
    args: [DOMAIN, VDEV],
    options: [
      {
        flags: '--to <back end>',
        doc: 'xtl’s own, or the kernel’s (xen-blkback)',
        choices: ['xtl', 'kernel'],
      },
      ...PLAN,
    ],
    examples: [
      ['xtl disk move web1 xvda --to xtl', 'a disk of xl’s; the guest sees a pause'],
      ['xtl disk move web1 xvda --to kernel', 'and back, a block device alone'],
    ],
    run: async (...args) => (await import('./commands/disk-move.ts')).diskMove(...args),
  },
  {
    path: ['disk', 'insert'],
    alias: 'cd-insert',
    summary: 'put another medium into a drive',
    args: [DOMAIN, VDEV, { usage: '<target>', doc: 'image or block device', completes: 'file' }],
    options: PLAN,
    examples: [
      ['xtl disk insert web1 xvdc /srv/debian.iso', 'in place of what is in it'],
      ['xtl disk insert web1 xvdc /dev/sr0', 'what is in a drive of the host'],
    ],
    run: async (...args) => (await import('./commands/disk-medium.ts')).diskInsert(...args),
  },
  {
    path: ['disk', 'eject'],
    alias: 'cd-eject',
    summary: 'take the medium out of a drive',
    args: [DOMAIN, VDEV],
    options: PLAN,
    examples: [
      ['xtl disk eject web1 xvdc', 'the drive stays, and is empty'],
      ['xtl disk eject web1 xvdc --dry-run', 'what would be done'],
    ],
    run: async (...args) => (await import('./commands/disk-medium.ts')).diskEject(...args),
  },
];
