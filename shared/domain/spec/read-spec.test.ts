/** The meaning of a configuration, by xl's rules. */

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readConfig } from '../xl-cfg/config.ts';
import { joinSources } from '../xl-cfg/sources.ts';
import { KEYS } from './keys.ts';
import { readSpec, type SpecReading } from './read-spec.ts';

const BASE = 'name="web1"\ntype="pvh"\nkernel="/boot/vmlinuz"\nmemory=256\n';

const read = (text: string, ...overrides: string[]): SpecReading =>
  readSpec(readConfig(joinSources('vm.cfg', text, overrides)));

test('a small configuration gets the defaults of xl', () => {
  expect(read(BASE)).toEqual({
    problems: [],
    spec: {
      name: 'web1',
      type: 'pvh',
      kernel: '/boot/vmlinuz',
      cmdline: '',
      memoryKib: 262144,
      maxmemKib: 262144,
      vcpus: 1,
      maxvcpus: 1,
      onPoweroff: 'destroy',
      onReboot: 'restart',
      onCrash: 'destroy',
      onWatchdog: 'destroy',
      onSoftReset: 'soft-reset',
      configText: BASE,
    },
  });
});

const meanings: [string, object][] = [
  ['ramdisk="/boot/initrd"', { ramdisk: '/boot/initrd' }],
  ['uuid="2F0B6F0A-5a4c-4a2e-9d0c-1f3e5d7c9b8a"', { uuid: '2f0b6f0a-5a4c-4a2e-9d0c-1f3e5d7c9b8a' }],
  ['root="/dev/xvda"', { cmdline: 'root=/dev/xvda' }],
  ['extra="quiet"', { cmdline: 'quiet' }],
  ['root="/dev/xvda"\nextra="ro quiet"', { cmdline: 'root=/dev/xvda ro quiet' }],
  ['root=""\nextra="ro"', { cmdline: 'root= ro' }],
  ['cmdline="a"\ncmdline+=" b"', { cmdline: 'a b' }],
  ['memory="0x200"', { memoryKib: 524288, maxmemKib: 524288 }],
  ['maxmem=256', { memoryKib: 262144, maxmemKib: 262144 }],
  ['vcpus=2', { vcpus: 2, maxvcpus: 2 }],
  ['vcpus=2\nmaxvcpus=4', { vcpus: 2, maxvcpus: 4 }],
  ['name="größe"\ncmdline="☃"', { name: 'gr\xc3\xb6\xc3\x9fe', cmdline: '\xe2\x98\x83' }],
  ['maxvcpus=128', { vcpus: 1, maxvcpus: 128 }],
  ['on_poweroff="preserve"', { onPoweroff: 'preserve' }],
  ['on_reboot="rename-restart"', { onReboot: 'rename-restart' }],
  ['on_crash="restart"', { onCrash: 'restart' }],
  ['driver_domain=0', { onCrash: 'destroy' }],
  ['driver_domain=1', { isDriverDomain: true, onCrash: 'restart', onWatchdog: 'restart' }],
  ['driver_domain=1\non_crash="preserve"', { isDriverDomain: true, onCrash: 'preserve' }],
  ['disk=[]\nvif=[ ]\nnestedhvm=0\nhap=1\nacpi=3\ncpu_weight=0x100\npool="Pool-0"', {}],
];

test.each(meanings)('%s is understood', (text, wanted) => {
  const { spec, problems } = read(`${BASE}${text}\n`);
  expect(problems).toEqual([]);
  expect(spec).toMatchObject(wanted);
});

const wrong: [string, string, string][] = [
  ['name=""', '5:6 XTL-C029', 'the name is empty'],
  ['name="a/b"', '5:6 XTL-C029', 'the name holds a /, and console logs are named after it'],
  ['name="a\\tb"', '5:6 XTL-C029', 'the name holds a control character'],
  [`name="${'ü'.repeat(123)}"`, '5:6 XTL-C029', 'the name exceeds 245 bytes'],
  ['kernel=""', '5:8 XTL-C029', 'kernel is an empty path'],
  ['ramdisk=["/x"]', '5:9 XTL-C021', 'ramdisk is a single value, not a list'],
  ['type="pv"', '5:6 XTL-C027', 'xtl makes no pv guests yet'],
  ['type="h"', '5:6 XTL-C027', 'xtl makes no hvm guests yet'],
  ['type="vm"', '5:6 XTL-C024', 'there is no type vm'],
  ['builder="hvm"', '5:9 XTL-C027', 'builder is an old way to say type'],
  ['name="gr\udcf6\udcdfe"', '5:6 XTL-C029', 'the name is not valid UTF-8'],
  ['kernel="/\udcf6"', '5:8 XTL-C029', 'kernel is not valid UTF-8'],
  ['ramdisk="/\udcf6"', '5:9 XTL-C029', 'ramdisk is not valid UTF-8'],
  ['uuid="123"', '5:6 XTL-C029', 'the uuid is malformed'],
  [
    'uuid="00000000-0000-0000-0000-000000000000"',
    '5:6 XTL-C029',
    'the uuid of zeros belongs to domain 0',
  ],
  ['memory="lots"', '5:8 XTL-C022', 'memory must be a whole number'],
  ['memory+=256', '5:9 XTL-C022', 'memory is a number: += does not apply'],
  ['memory=0', '5:8 XTL-C023', 'memory must be from 1 to 4294967296, not 0'],
  ['memory="-5"', '5:8 XTL-C023', 'memory must be from 1 to 4294967296, not -5'],
  ['maxmem=128', '5:8 XTL-C023', 'maxmem (128) is less than memory (256)'],
  ['maxmem=99999999999', '5:8 XTL-C023', 'maxmem must be from 1 to 4294967296, not 99999999999'],
  ['vcpus=0', '5:7 XTL-C023', 'vcpus must be from 1 to 128, not 0'],
  ['vcpus=129', '5:7 XTL-C023', 'vcpus must be from 1 to 128, not 129'],
  ['vcpus=4;maxvcpus=2', '5:18 XTL-C023', 'maxvcpus (2) is less than vcpus (4)'],
  ['on_crash="panic"', '5:10 XTL-C024', 'on_crash knows no "panic"'],
  [
    'pci=["00:1f.0"]',
    '5:1 XTL-C027',
    'pci comes later, and without it the VM would not be what the file asks for',
  ],
];

test.each(wrong)('%s is an error', (text, place, message) => {
  const { spec, problems } = read(`${BASE}${text}\n`);
  expect(spec).toBeUndefined();
  expect(problems.map((p) => [p.severity, `${p.line}:${p.column} ${p.code}`, p.message])).toEqual([
    ['error', place, message],
  ]);
});

const WITHOUT = 'comes later, and without it the VM would not be what the file asks for';

test.each(['p9', 'vtpm', 'channel', 'usbctrl', 'pvcalls', 'virtio', 'vnuma'])(
  'a VM without its %s is refused, unless the command line says so',
  (key) => {
    const text = `${BASE}${key}=["x"]\n`;
    const { spec, problems } = read(text);
    expect(spec).toBeUndefined();
    expect(problems.map((p) => [p.message, p.hint])).toEqual([
      [`${key} ${WITHOUT}`, `make it by xl, or put ${key}=[] behind the file to make it without`],
    ]);
    expect(read(text, `${key}=[]`)).toMatchObject({ spec: { name: 'web1' }, problems: [] });
  },
);

test.each([
  'builder="hvm"\nboot="cd"\nvnc=1\nusbdevice="tablet"\nmemory=512\nname="w"\ndisk=["a"]\n',
  'type="hvm"\nstdvga=1\nserial="pty"\nvif=["bridge=br0"]\n',
])('a file for an hvm guest gets one line: %j', (text) => {
  const { spec, problems } = read(text);
  expect(spec).toBeUndefined();
  expect(problems.map((p) => p.message)).toEqual(['xtl makes no hvm guests yet']);
});

test.each([
  'max_grant_frames="-1"',
  'max_grant_frames="x"',
  'max_maptrack_frames=4294967296',
  'max_grant_version=["1"]',
  'tsc_mode="nativ"',
  'tsc_mode=4',
  'timer_mode=""',
  'passthrough="yes"',
  'altp2m="on"',
  'cpus="3-1"',
  'cpus_soft="x"',
  'device_model_args="x"',
  'firmware="uefi"',
  'vuart="x"',
])('%s is refused by xl and by xtl, though the key comes later', (text) => {
  const { spec, problems } = read(`${BASE}${text}\n`);
  expect(spec).toBeUndefined();
  expect(problems.map((p) => p.message)).toEqual([
    `this is no value for ${text.replace(/=.*/, '')}, for xl either`,
  ]);
});

test('bytes that are no UTF-8 go to the kernel as they are', () => {
  expect(read(`${BASE}cmdline="gr\udcf6\udcdfe ☃"\n`).spec).toMatchObject({
    cmdline: 'gr\xf6\xdfe \xe2\x98\x83',
  });
});

const warned: [string, string, string | undefined][] = [
  [
    'maxmem=1024',
    'the VM cannot grow to maxmem (1024) yet: it has 256 MiB, and no more',
    'to have 1024 MiB, write memory = 1024',
  ],
  ['memroy=512', 'xl knows no key memroy; it has no effect', 'did you mean memory?'],
  ['quux=1', 'xl knows no key quux; it has no effect', undefined],
  ['vfb=["vnc=1"]', 'vfb comes later: the VM is made without it', undefined],
  ['tsc_mode="Native"', 'tsc_mode comes later: the VM is made without it', undefined],
  ['cpus="0-3,^2"', 'cpus comes later: the VM is made without it', undefined],
  ['max_grant_frames=64', 'max_grant_frames comes later: the VM is made without it', undefined],
  ['vnc=0', 'vnc has no effect on a pvh guest', undefined],
  ['vncviewer=1', 'vncviewer has no effect any more', undefined],
  ['cmdline="a"\nroot="/x"', 'root has no effect because cmdline is set', undefined],
  [
    'on_crash="coredump-restart"',
    'xtl takes coredump-restart for restart: it writes no core file yet',
    undefined,
  ],
  ['name="7"', 'commands take a name of digits for a domid', undefined],
];

test.each(warned)('%s is a warning and no error', (text, message, hint) => {
  const { spec, problems } = read(`${BASE}${text}\n`);
  expect(spec).toBeDefined();
  expect(problems.map((p) => [p.severity, p.message, p.hint])).toEqual([
    ['warning', message, hint],
  ]);
});

test('what is missing is said of the file, not of a line', () => {
  const { spec, problems } = read('');
  expect(spec).toBeUndefined();
  expect(problems.map((p) => [p.severity, p.line, p.message])).toEqual([
    ['error', 0, 'type is not set, which means pv, and xtl makes no pv guests yet'],
    ['error', 0, 'name is not set'],
    ['error', 0, 'kernel is not set'],
    ['warning', 0, 'memory is not set, and the default of 32 MiB is small'],
  ]);
});

test('of a file that is no text nothing else is said', () => {
  expect(read('\x7fELF\0\0x=1\n').problems.map((p) => p.message)).toEqual([
    'the file holds a zero byte',
  ]);
});

test('a key that could not be read is not called missing', () => {
  const { problems } = read('Name="x"\ntype="pvh"\nkernel=/boot/x\nmemory=1g\n');
  expect(problems.map((p) => `${p.line} ${p.code}`)).toEqual([
    '1 XTL-C001',
    '3 XTL-C004',
    '4 XTL-C004',
  ]);
});

test('problems come by place, those of arguments last', () => {
  const { problems } = read(`${BASE}vcpus=0\nmaxmem=x\nfoo=1\n`, 'memory=0', 'maxvcpus=200');
  expect(problems.map((p) => `${p.file}:${p.line}`)).toEqual([
    'vm.cfg:5',
    'vm.cfg:6',
    'vm.cfg:7',
    'argument 1:1',
    'argument 2:1',
  ]);
});

test('every key has a sentence, and a boolean default is 0 or 1', () => {
  for (const key of KEYS.values()) {
    expect(key.doc, key.name).toMatch(/^[A-Z].*\.$/);
    if (key.type === 'boolean') expect(key.fallback, key.name).toMatch(/^[01]$/);
    if (/name/.test(key.form ?? '')) expect(key.values?.length, key.name).toBeGreaterThan(1);
  }
  expect(KEYS.size).toBeGreaterThan(150);
});

test('no settings make the reader throw, and a spec is there if nothing is an error', () => {
  const key = fc.constantFrom(...KEYS.keys(), 'quux');
  const word = fc.constantFrom('"pvh"', '1', '"x"', '[]', '["a"]', '"-1"', '0x10', '"\\n"', 'bad');
  const line = fc.tuple(key, fc.constantFrom('=', '+='), word).map((parts) => parts.join(''));
  fc.assert(
    fc.property(fc.array(line), (lines) => {
      const { spec, problems } = read(`${BASE}${lines.join('\n')}\n`);
      expect(spec === undefined).toBe(problems.some((p) => p.severity === 'error'));
    }),
  );
});

test.each([
  ['a key', `${'k'.repeat(100_000)}=1\n`],
  ['a word', `memory=${'m'.repeat(100_000)}\n`],
  ['an item of a list', `vif=[ ${'m'.repeat(100_000)} ]\n`],
  ['a choice', `on_crash="${'c'.repeat(100_000)}"\n`],
  ['a number', `memory=${'9'.repeat(100_000)}\n`],
])('%s of 100,000 letters is not repeated as a whole', (_, text) => {
  const { problems } = readSpec(readConfig(joinSources('vm.cfg', text)));
  expect(Math.max(...problems.map(({ message }) => message.length))).toBeLessThan(200);
});
