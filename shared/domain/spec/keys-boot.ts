/** Keys of xl.cfg(5): what the VM is called, what it boots, and what becomes of it afterwards. */

import type { KeyRow } from './keys.ts';
import { SHUTDOWN_ACTIONS } from './vm-spec.ts';

const ACTIONS = { values: SHUTDOWN_ACTIONS };
const NO_EMPTY = 'xl takes an empty path for a file; here it is an error';
const PATH = { example: '/boot/vmlinuz', stricter: NO_EMPTY };

export const BOOT_KEYS: readonly KeyRow[] = [
  [
    'name',
    'string',
    '-',
    'now',
    'Name of the VM, unique on its host.',
    {
      example: 'web1',
      stricter: 'xl takes an empty name, and one with a /, which no log can have for its name',
    },
  ],
  [
    'type',
    'string',
    'pv',
    'now',
    'Kind of guest; xtl builds pvh.',
    {
      values: ['pv', 'pvh', 'hvm'],
      stricter: 'xl takes the beginning of a word, and nothing for hvm',
    },
  ],
  ['builder', 'string', '-', 'now', 'Old way to say type.', { values: ['generic', 'hvm'] }],
  ['uuid', 'string', 'random', 'now', 'Identity of the VM across restarts, 36 characters.'],
  ['kernel', 'string', '-', 'now', 'Path on the host of the kernel to start.', PATH],
  [
    'ramdisk',
    'string',
    '-',
    'now',
    'Path on the host of the initial ramdisk.',
    { stricter: NO_EMPTY },
  ],
  ['cmdline', 'string', '-', 'now', 'Command line of the kernel; replaces root and extra.'],
  ['root', 'string', '-', 'now', 'Becomes root=... at the front of the command line.'],
  ['extra', 'string', '-', 'now', 'Goes to the end of the command line, behind root.'],
  [
    'on_poweroff',
    'string',
    'destroy',
    'now',
    'What to do once the guest has powered off.',
    ACTIONS,
  ],
  [
    'on_reboot',
    'string',
    'restart',
    'now',
    'What to do once the guest asks for a reboot.',
    ACTIONS,
  ],
  ['on_crash', 'string', 'destroy', 'now', 'What to do once the guest has crashed.', ACTIONS],
  ['on_watchdog', 'string', 'destroy', 'now', 'What to do once its watchdog has expired.', ACTIONS],
  [
    'on_soft_reset',
    'string',
    'soft-reset',
    'now',
    'What to do when the guest does kexec.',
    ACTIONS,
  ],
  ['bootloader', 'string', '-', 'refused', 'Program on the host that finds the kernel on a disk.'],
  ['bootloader_args', 'list', '[]', 'later', 'Arguments of the bootloader.'],
  ['bootloader_restrict', 'boolean', '0', 'later', 'Runs the bootloader confined.', since('4.20')],
  ['bootloader_user', 'string', '-', 'later', 'User that the bootloader runs as.', since('4.20')],
  [
    'firmware',
    'string',
    '-',
    'refused',
    'Firmware that finds the kernel in the guest itself.',
    { form: 'not beside kernel' },
  ],
  ['pvshim', 'boolean', '0', 'refused', 'Runs a PV kernel inside a PVH guest, under a small Xen.'],
  ['pvshim_path', 'string', 'xen-shim', 'later', 'Path of the shim.'],
  ['pvshim_cmdline', 'string', '-', 'later', 'Command line of the shim.'],
  ['pvshim_extra', 'string', '-', 'later', 'Added to the command line of the shim.'],
  ['seclabel', 'string', '-', 'refused', 'Security label that the domain runs with (XSM).'],
  ['init_seclabel', 'string', '-', 'refused', 'Security label while the domain is built (XSM).'],
  ['nomigrate', 'boolean', '0', 'later', 'Forbids to save and migrate the VM.'],
  [
    'driver_domain',
    'boolean',
    '0',
    'now',
    'Marks a VM that serves devices to others: after a crash it comes again under its number.',
    { stricter: 'xl passes over what is no number' },
  ],
  ['device_tree', 'string', '-', 'other type', 'A partial device tree (ARM).'],
  ['xend_suspend_evtchn_compat', 'boolean', '0', 'later', 'Offers the suspend event of old xend.'],
  [
    'xenstore_feature_mask',
    'number',
    '-',
    'later',
    'Features that the store offers.',
    since('4.22'),
  ],
  ['xenstore_quota', 'list', '[]', 'later', 'Quotas of the store for this VM.', since('4.22')],
];

function since(release: string): { since: string } {
  return { since: release };
}
