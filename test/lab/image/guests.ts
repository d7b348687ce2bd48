// The guests' configurations that lie in dom0's /root/guests.

const config = (
  name: string,
  kernel: string,
  memoryMib: number,
  vcpus: number,
  initramfs = 'small',
): string => `# A Linux guest of the lab: a shell on its console, prompt "xtl-guest# ".
name = "${name}"
type = "pvh"
kernel = "/root/guests/vmlinuz-${kernel}"
ramdisk = "/root/guests/${initramfs}.initramfs"
cmdline = "console=hvc0"
memory = ${memoryMib}
vcpus = ${vcpus}
on_crash = "destroy"
`;

/** Text of each file, by its name. */
export const guestConfigs: Readonly<Record<string, string>> = {
  'small.cfg': config('small', 'debian13', 160, 1),
  'debian12.cfg': config('debian12', 'debian12', 512, 1),
  'debian12-2cpu.cfg': config('debian12-2cpu', 'debian12', 512, 2),
  'debian13.cfg': config('debian13', 'debian13', 512, 1),
  'debian13-2cpu.cfg': config('debian13-2cpu', 'debian13', 512, 2),
  'full.cfg': config('full', 'debian13', 512, 1, 'full'),
};
