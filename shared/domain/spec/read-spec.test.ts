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
  ['type="pv"', '5:6 XTL-C027', 'a guest of type pv comes later'],
  ['type="h"', '5:6 XTL-C027', 'a guest of type hvm comes later'],
  ['type="vm"', '5:6 XTL-C024', 'there is no type vm'],
  ['builder="hvm"', '5:9 XTL-C027', 'a guest that is not pvh comes later'],
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

const warned: [string, string, string | undefined][] = [
  [
    'maxmem=1024',
    'the VM cannot grow to maxmem (1024) yet: it has 256 MiB, and no more',
    'to have 1024 MiB, write memory = 1024',
  ],
  ['memroy=512', 'xl knows no key memroy; it has no effect', 'did you mean memory?'],
  ['quux=1', 'xl knows no key quux; it has no effect', undefined],
  ['disk=["/dev/x,raw,xvda"]', 'disk comes later: the VM is made without it', undefined],
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
    ['error', 0, 'type is not set, which means pv, and pv guests come later'],
    ['error', 0, 'name is not set'],
    ['error', 0, 'kernel is not set'],
    ['warning', 0, 'memory is not set, and the default of 32 MiB is small'],
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
