/**
 * What xl has and xtl has not, as data: verbs and options, each with what serves instead (`xl help`
 * @ RELEASE-4.17.0 and @ RELEASE-4.20.0). Words of users who know xl get an answer.
 */

const NO_DEVICES = 'VMs of xtl have disks and network interfaces, and no other devices yet';
const NO_SAVE = 'no VM of xtl can be saved or moved yet';
const NO_SCREEN = 'a pvh guest has no screen: xtl vm console DOMAIN';
const XL_DOES = 'xl does it on this host, for domains of xtl too';

const all = (names: string, instead: string): [string, string][] =>
  names.split(' ').map((name) => [name, instead]);

/** By verb: what serves instead. */
const XL_VERBS: ReadonlyMap<string, string> = new Map([
  ['vm-list', 'xtl vm list'],
  ['domid', 'xtl vm list NAME shows the domid'],
  ['domname', 'xtl vm list DOMID shows the name'],
  ['info', 'xtl doctor tells what VMs need of this host, xl info the rest'],
  ['reboot', 'xtl vm shutdown DOMAIN --wait, then xtl vm create; or xl reboot'],
  ['vncviewer', NO_SCREEN],
  ['mem-set', 'set memory and maxmem in the file; a VM keeps what it has until it is made anew'],
  ['mem-max', 'set maxmem in the file; a VM keeps what it has until it is made anew'],
  ['vcpu-set', 'set vcpus and maxvcpus in the file; a VM keeps what it has until it is made anew'],
  ['config-update', 'xtl keeps no configuration that could be updated: make the VM anew'],
  ...all('save restore migrate migrate-receive remus', NO_SAVE),
  ['devd', 'driver domains of xtl act on their devices themselves'],
  ...all('vtpm-attach vtpm-list vtpm-detach vkb-attach vkb-list vkb-detach', NO_DEVICES),
  ...all('vdispl-attach vdispl-list vdispl-detach vsnd-attach vsnd-list vsnd-detach', NO_DEVICES),
  ...all('usbctrl-attach usbctrl-detach usbdev-attach usbdev-detach usb-list', NO_DEVICES),
  ...all('pci-attach pci-detach pci-list channel-list', NO_DEVICES),
  ...all('qemu-monitor-command button-press', 'a pvh guest has no device model'),
  ...all(
    'rename dump-core sysrq trigger vcpu-list vcpu-pin top uptime dmesg debug-keys claims',
    XL_DOES,
  ),
  ...all(
    'sharing set-parameters sched-credit sched-credit2 sched-rtds getenforce setenforce',
    XL_DOES,
  ),
  ...all(
    'loadpolicy cpupool-create cpupool-list cpupool-destroy cpupool-rename cpupool-migrate',
    XL_DOES,
  ),
  ...all(
    'cpupool-cpu-add cpupool-cpu-remove cpupool-numa-split psr-hwinfo psr-cmt-attach',
    XL_DOES,
  ),
  ...all('psr-cmt-detach psr-cmt-show psr-cat-set psr-cat-show psr-mba-set psr-mba-show', XL_DOES),
  ...all('pci-assignable-add pci-assignable-remove pci-assignable-list', XL_DOES),
]);

type Options = readonly (readonly [flags: string, instead: string])[];

/** By the command's own words, the program itself by none: flags, and what serves instead. */
const XL_OPTIONS: Readonly<Record<string, Options>> = {
  '': [
    ['-v', 'what goes wrong is always told in full'],
    ['-f', 'there is nothing that it would force'],
    ['-N --dry-run', 'it follows the verb: xtl vm create FILE --dry-run'],
    ['-t', 'progress on a terminal is drawn in place as it is'],
    ['-T', 'xenstored and xenconsoled put times in their logs'],
  ],
  'vm create': [
    ['-F --foreground', 'the command ends once the VM runs; xtl vm console shows it until its end'],
    ['-e', 'nothing waits for its end in the background: one service does so for all VMs'],
    ['-d', 'xtl vm create FILE --dry-run shows the steps'],
    ['-V --vncviewer', NO_SCREEN],
    ['-A --vncviewer-autopass', NO_SCREEN],
    ['-i --ignore-global-affinity-masks', 'xtl sets no affinity, and reads no xl.conf'],
    ['--dryrun', 'it is --dry-run, or -n'],
  ],
  'vm list': [
    ['-l --long', 'xtl vm list -o json, or xtl vm show DOMAIN'],
    ['-v --verbose', 'xtl vm list -o json has uuid and shutdown reason, xtl vm show DOMAIN too'],
    ['-Z --context', 'xtl knows no security labels yet'],
    ['-c --cpupool', 'xtl knows no cpupools yet: xl list -c'],
    ['-n --numa', 'xtl sets no affinity: xl list -n'],
  ],
  'vm shutdown': [
    ['-a --all', 'name each: xtl vm list shows them'],
    ['-F', 'a pvh guest has no power button: it listens in xenstore or not at all'],
  ],
  'vm destroy': [['-f', 'domain 0 is the host, and is never destroyed']],
  'vm console': [
    ['-t --type', 'a pvh guest has the one console that is shown'],
    ['-n --num', 'a pvh guest has the one console that is shown'],
    ['-e', '^] detaches'],
    ['-s', 'xtl vm create FILE -c starts the VM once its console is there'],
  ],
};

/** What to say of a flag that xl has at this place; undefined if it has none of the kind. */
export function xlOption(path: readonly string[], flag: string): string | undefined {
  const rows = XL_OPTIONS[path.join(' ')] ?? [];
  // -lv is -l and -v.
  const wanted = flag.startsWith('--')
    ? [flag.replace(/=.*/, '')]
    : [...flag.slice(1)].map((c) => `-${c}`);
  for (const name of wanted) {
    const row = rows.find(([flags]) => flags.split(' ').includes(name));
    if (row !== undefined) return `xtl lacks xl's option ${name}: ${row[1]}`;
  }
  return undefined;
}

export function xlVerb(verb: string): string | undefined {
  const instead = XL_VERBS.get(verb);
  return instead === undefined ? undefined : `xtl lacks xl's '${verb}' so far: ${instead}`;
}
