/** Keys of xl.cfg(5): devices, virtual ones and the host's own. */

import type { KeyRow } from './keys.ts';

export const DEVICE_KEYS: readonly KeyRow[] = [
  [
    'disk',
    'list',
    '[]',
    'now',
    'Disks, one string each.',
    {
      example: '["/dev/vg/web1,raw,xvda"]',
      stricter: 'xl passes over what is no list; of other hosts only target=nbd://host/export',
    },
  ],
  [
    'vif',
    'list',
    '[]',
    'now',
    'Network interfaces, one string each; backendtype=linux or xtl says who in dom0 serves one.',
    {
      example: '["bridge=br0,mac=00:16:3e:12:34:56"]',
      stricter:
        'xl.conf and its defaults are not read. xl passes over what is no list, and over ' +
        'parameters that it does not know; names of ' +
        'interfaces are such as Linux takes, a devid is given once, mtu is from 68 to 65535, ' +
        'numbers have no leading 0, a MAC address has six bytes and is not one of a group, and ' +
        'type=ioemu is for hvm',
    },
  ],
  ['vif2', 'list', '[]', 'gone', 'An old name for interfaces that xl itself ignores.'],
  ['vtpm', 'list', '[]', 'refused', 'Virtual TPMs.'],
  ['p9', 'list', '[]', 'refused', 'Directories of the host, shared by 9pfs.'],
  ['pvcalls', 'list', '[]', 'refused', 'Sockets, served by the backend domain.'],
  ['vfb', 'list', '[]', 'later', 'Paravirtual framebuffers.'],
  ['vkb', 'list', '[]', 'refused', 'Paravirtual keyboards and pointers.'],
  ['vdispl', 'list', '[]', 'refused', 'Paravirtual displays.'],
  ['vsnd', 'list', '[]', 'refused', 'Paravirtual sound cards.'],
  ['virtio', 'list', '[]', 'refused', 'Virtio devices.'],
  ['channel', 'list', '[]', 'refused', 'Named byte channels between the guest and the host.'],
  ['usbctrl', 'list', '[]', 'refused', 'USB controllers.'],
  ['usbdev', 'list', '[]', 'refused', 'USB devices of the host.'],
  ['pci', 'list', '[]', 'refused', 'PCI devices of the host, handed to the guest.'],
  ['pci_permissive', 'boolean', '0', 'later', 'The guest may write all of their config space.'],
  ['pci_msitranslate', 'boolean', '0', 'gone', 'Translation of MSI, without effect now.'],
  ['pci_seize', 'boolean', '0', 'later', 'Takes PCI devices from their driver.'],
  ['pci_power_mgmt', 'boolean', '0', 'gone', 'Power management by the device model, gone.'],
  ['rdm', 'string', '-', 'later', 'Reserved memory regions of passed devices.'],
  [
    'rdm_mem_boundary',
    'number',
    '2048',
    'other type',
    'Where such regions may begin.',
    { unit: 'MiB' },
  ],
  ['dtdev', 'list', '[]', 'refused', 'Devices of the device tree.'],
  ['ioports', 'list', '[]', 'refused', 'I/O ports that the guest may touch.'],
  ['iomem', 'list', '[]', 'refused', 'I/O memory that the guest may map.'],
  ['irqs', 'list', '[]', 'refused', 'Interrupts that the guest may bind.'],
  ['gfx_passthru', 'number or string', '0', 'other type', 'Graphics card of the host.'],
  ['e820_host', 'boolean', '0', 'other type', 'The memory map of the host (PV).'],
  ['vncviewer', 'number', '-', 'gone', 'Starts a viewer; use the viewer itself.'],
];
