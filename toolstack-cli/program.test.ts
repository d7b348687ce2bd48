/** The command line itself: usage, help, exit codes, and what needs no Xen. */

import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { COMMANDS } from './table.ts';
import { runXtl } from './testing/bundled.ts';
import { VERSION } from './version.ts';

const files = {
  'a=b.cfg': '',
  './a=b.cfg': '',
  'good.cfg': 'name="web1"\ntype="pvh"\nkernel="/missing"\nmemory=256\n',
  'bad.cfg': 'name="web1"\ntype="pvh"\nkernel=/boot/x\nmemory=0\nvcpsu=2\n',
  'text.cfg': 'name="web1"\ntype="pvh"\nkernel="good.cfg"\nmemory=256\n',
};

const rows: [argv: string, exit: number, stdout: RegExp, stderr: RegExp][] = [
  ['', 2, /^$/, /Usage: xtl/],
  ['--help', 0, /Exit codes: 0 ok/, /^$/],
  ['--version', 0, /^[0-9.]+\n$/, /^$/],
  ['vm', 2, /^$/, /^xtl: vm needs a command: see xtl vm --help\n$/],
  ['frobnicate', 2, /^$/, /^xtl: unknown command 'frobnicate' \(see xtl --help\)\n$/],
  ['vm frob', 2, /^$/, /^xtl: unknown command 'vm frob' \(see xtl vm --help\)\n$/],
  ['vm --help', 0, /create \[options\]/, /^$/],
  ['help', 0, /^Usage: xtl \[options\]/, /^$/],
  ['help vm', 0, /^Usage: xtl vm \[options\]/, /^$/],
  ['help vm create', 0, /^Usage: xtl vm create \[options\] FILE/, /^$/],
  ['help create', 0, /^Usage: xtl create \[options\] FILE/, /^$/],
  ['vm help', 0, /^Usage: xtl vm \[options\]/, /^$/],
  ['vm help list', 0, /^Usage: xtl vm list/, /^$/],
  ['help frob', 2, /^$/, /^xtl: unknown command 'frob' \(see xtl --help\)\n$/],
  ['help vm crate', 2, /^$/, /^xtl: unknown command 'vm crate' \(did you mean vm create\?\)\n$/],
  ['help doctor now', 2, /^$/, /^xtl: 'doctor' has no command 'now'\n$/],
  // Behind a verb -V is not the version: xl's create shows the screen by it.
  ['-V', 0, /^[0-9.]+\n$/, /^$/],
  ['create a=b.cfg', 2, /^$/, /^xtl: create needs a configuration file: .*, write -f a=b\.cfg\n$/],
  ['create a=c.cfg', 2, /^$/, /^xtl: create needs a configuration file\n$/],
  ['create ./a=b.cfg', 6, /^$/, /^\.\/a=b\.cfg: error/],
  ['create -V good.cfg', 2, /^$/, /^xtl: xtl lacks xl's option -V: a pvh guest has no screen/],
  ['vm create good.cfg -V', 2, /^$/, /^xtl: xtl lacks xl's option -V: a pvh guest has no screen/],
  ['doctor -V', 2, /^$/, /^xtl: unknown option '-V'\n$/],
  ['vm -V', 2, /^$/, /^xtl: unknown option '-V'\n$/],
  ['list --version', 2, /^$/, /^xtl: unknown option '--version'\n$/],
  ['create -F good.cfg', 2, /^$/, /lacks xl's option -F: the command ends once the VM runs/],
  ['create -e good.cfg', 2, /^$/, /lacks xl's option -e: .*one service does so for all/],
  ['create -d good.cfg', 2, /^$/, /lacks xl's option -d: .*--dry-run/],
  ['vm create -pA good.cfg', 2, /^$/, /lacks xl's option -A: a pvh guest has no screen/],
  ['create --dryrun good.cfg', 2, /^$/, /lacks xl's option --dryrun: it is --dry-run/],
  ['list -l', 2, /^$/, /^xtl: xtl lacks xl's option -l: xtl vm list -o json/],
  ['vm list -v', 2, /^$/, /lacks xl's option -v: xtl vm list -o json has uuid/],
  ['shutdown -a', 2, /^$/, /lacks xl's option -a: name each/],
  ['shutdown -F web1', 2, /^$/, /lacks xl's option -F: .*no power button/],
  ['destroy -f 0', 2, /^$/, /lacks xl's option -f: domain 0 is the host/],
  ['console -t pv web1', 2, /^$/, /lacks xl's option -t: a pvh guest has the one console/],
  ['console -n 1 web1', 2, /^$/, /lacks xl's option -n: a pvh guest has the one console/],
  ['-v list', 2, /^$/, /lacks xl's option -v: /],
  ['-f list', 2, /^$/, /lacks xl's option -f: /],
  ['-N create good.cfg', 2, /^$/, /lacks xl's option -N: it follows the verb/],
  ['reboot web1', 2, /^$/, /^xtl: xtl lacks xl's 'reboot' so far: xtl vm shutdown .*\n$/],
  ['vm migrate web1 there', 2, /^$/, /^xtl: xtl lacks xl's 'migrate' so far: no VM of xtl can/],
  ['help info', 2, /^$/, /^xtl: xtl lacks xl's 'info' so far: xtl doctor tells/],
  ['store info', 2, /^$/, /^xtl: unknown command 'store info' \(see xtl store --help\)\n$/],
  ['lst', 2, /^$/, /^xtl: unknown command 'lst' \(did you mean list\?\)\n$/],
  ['vm crate x', 2, /^$/, /^xtl: unknown command 'vm crate' \(did you mean vm create\?\)\n$/],
  ['vm list --json', 2, /^$/, /^xtl: unknown option '--json'\n$/],
  [
    'vm list -o xml',
    2,
    /^$/,
    /^xtl: .*'xml' is invalid. Allowed choices are table, json, yaml\.\n$/,
  ],
  ['vm show', 2, /^$/, /^xtl: missing required argument 'domain'\n$/],
  ['vm show a b', 2, /^$/, /^xtl: too many arguments.*\n$/],
  ['vm create', 2, /^$/, /^xtl: create needs a configuration file\n$/],
  ['vm create a.cfg b.cfg', 2, /^$/, /^xtl: 'b.cfg' is neither a setting/],
  ['vm create none.cfg', 3, /^$/, /^xtl: none.cfg: no such file\n$/],
  ['create none.cfg', 3, /^$/, /^xtl: none.cfg: no such file\n$/],
  ['vm create good.cfg', 3, /^$/, /^xtl: kernel \/missing: no such file\n$/],
  [
    'vm create good.cfg ramdisk="/gone"',
    3,
    /^$/,
    /^xtl: kernel \/missing: no such file; ramdisk \/gone: no such file\n$/,
  ],
  ['vm create text.cfg vtpm=["a"]', 6, /^$/, /hint: make it by xl, or put vtpm=\[\] behind/],
  ['vm create text.cfg vif=["a"]', 6, /^$/, /error: unrecognized argument: "a"/],
  ['vm create text.cfg disk=["a"]', 6, /^$/, /error: no vdev specified/],
  ['vm create text.cfg', 6, /^$/, /^xtl: kernel good.cfg: .*\n$/],
  [
    'vm create bad.cfg',
    6,
    /^$/,
    /bad.cfg:3:8: error: [\s\S]*bad.cfg:4:8: error: [\s\S]*bad.cfg:5:1: warn/,
  ],
  ['vm create good.cfg memory=0', 6, /^$/, /argument 1:1:8: error: memory must be from 1 to/],
  ['vm create /dev/null', 6, /^$/, /\nxtl: \/dev\/null: 3 errors and 1 warning\n$/],
  ['disk', 2, /^$/, /^xtl: disk needs a command: see xtl disk --help\n$/],
  ['disk --help', 0, /attach \[options\] <domain> <spec\.\.\.>/, /^$/],
  ['disk list web1', 5, /^$/, /^xtl: no Xen on this machine\n$/],
  ['disk attach web1', 2, /^$/, /^xtl: missing required argument 'spec'\n$/],
  ['block-attach web1 /d,raw', 6, /^$/, /^xtl: disk '\/d,raw': no vdev specified \(it looks like/],
  ['block-attach web1 /d,raw,xvdb', 5, /^$/, /^xtl: no Xen on this machine\n$/],
  ['block-detach -f web1 xvdb', 5, /^$/, /^xtl: no Xen on this machine\n$/],
  ['block-list a b', 2, /^$/, /^xtl: too many arguments/],
  ['cd-insert web1 xvdc cd.iso', 2, /^$/, /^xtl: 'cd.iso': the target is no absolute path\n$/],
  ['cd-eject web1 nonsense', 2, /^$/, /^xtl: there is no virtual disk 'nonsense'/],
  ['vm list', 5, /^$/, /^xtl: no Xen on this machine\n$/],
  ['list', 5, /^$/, /^xtl: no Xen on this machine\n$/],
  [
    'vm shutdown x --timeout soon',
    2,
    /^$/,
    /^xtl: a timeout is a number of seconds, not 'soon'\n$/,
  ],
  ['vm console x --timeout 1e3', 2, /^$/, /^xtl: a timeout is a number of seconds, not '1e3'\n$/],
  ['explain memory', 0, /^memory: .*\n\n {2}type +number\n {2}unit +MiB\n/, /^$/],
  ['explain memroy', 3, /^$/, /^xtl: xl.cfg has no key 'memroy' \(did you mean memory\?\)\n$/],
  ['explain vtpm -o json', 0, /"status": "refused"/, /^$/],
  ['explain vcpus', 0, /\n {2}stricter +xl takes what is no number for not set/, /^$/],
  ['explain vif -o yaml', 0, /^name: "vif"\ntype: "list"\n/, /^$/],
  ['explain', 0, /^KEY +TYPE +STATUS +MEANING\nname +string +now +Name of the VM/, /^$/],
  ['completion bash', 0, /complete -F _xtl xtl/, /^$/],
  ['completion zsh', 0, /^#compdef xtl/, /^$/],
  ['completion fish', 0, /complete -c xtl/, /^$/],
  ['completion csh', 2, /^$/, /^xtl: there is no completion for 'csh'/],
];

test.each(rows)('xtl %s exits %i', async (line, exit, stdout, stderr) => {
  const ran = await runXtl(line.split(' ').filter(Boolean), { files });
  expect(ran.stderr).toMatch(stderr);
  expect(ran.stdout).toMatch(stdout);
  expect(ran.exit).toBe(exit);
});

test.each(COMMANDS)('the help of $path fits a screen and has two examples', async ({ path }) => {
  const { stdout, exit } = await runXtl([...path, '--help']);
  expect(exit).toBe(0);
  expect(stdout.split('\n').length).toBeLessThan(30);
  expect(stdout.split('Examples:\n')[1]?.trim().split('\n').length).toBeGreaterThanOrEqual(2);
  for (const line of stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(100);
});

test('the version is that of the package', () => {
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  expect(JSON.parse(text).version).toBe(VERSION);
});
