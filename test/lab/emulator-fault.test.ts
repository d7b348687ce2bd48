import { expect, it } from 'vitest';
import { bootFault, dom0Fault, guestFault } from './emulator-fault.ts';

const triple = (domid: number): string => `(XEN) d${domid}v0 Triple fault - shutdown action 1`;
const fault = (domid: number): string => `${triple(domid)}\n(XEN) *** Dumping Dom${domid}\n`;
const ENTRY = '[   56.002414] RIP: 0010:error_entry+0x10/0x170';
const INT3 = '[    4.088551]  exc_int3+0x118/0x130';

it.each([
  ['', 0, 'failed', undefined],
  ['(XEN) d8v0: upcall vector f3\n', 0, 'failed', undefined],
  [fault(11), 0, 'failed', { guest: 'd11', words: triple(11) }],
  [fault(11), 1, 'failed', undefined],
  [`${fault(11)}(XEN) x\n${fault(12)}`, 1, 'failed', { guest: 'd12', words: triple(12) }],
  ['', 0, `the console said:\n ${INT3}\nand so on`, { guest: 'a guest', words: INT3 }],
  [
    '',
    0,
    `the console said:\n </ENTRY_TRAMPOLINE>\n${ENTRY}\n`,
    { guest: 'a guest', words: ENTRY },
  ],
  ['', 0, `the console said:\n${ENTRY}\n`, undefined],
])('in %j after %i faults, with %j, the emulator killed %j', (log, earlier, error, killed) => {
  expect(guestFault(log, earlier, error)).toEqual(killed);
});

it.each([
  [`${INT3}\n(XEN) Hardware Dom0 crashed: rebooting`, true],
  [`${INT3}\n`, false],
  ['(XEN) Hardware Dom0 crashed: rebooting machine in 5 seconds.', false],
])('%j: dom0 broken is %s', (log, broken) => {
  const words = `${INT3}; (XEN) Hardware Dom0 crashed: rebooting`;
  expect(dom0Fault(log)).toEqual(broken ? { guest: 'Domain-0', words } : undefined);
});

const FLAGS = 'RSP: e02b:ffffc900404fbc70 EFLAGS: 04e04482';

it.each([
  [`[   18.428570] ${FLAGS}\n[   18.43] RAX: 00000000000208a0\n`, FLAGS],
  ['[   18.428570] RSP: e02b:ffffc900404fbc70 EFLAGS: 00010246\n', undefined],
  ['[   18.428570] RSP: 002b:00007ffcedf9eb18 EFLAGS: 003fffff ORIG_RAX: 70\n', undefined],
])('in %j the flags that cannot be are %j', (log, words) => {
  expect(dom0Fault(log)).toEqual(words && { guest: 'Domain-0', words });
});

it.each([
  ['[   18.399375] Oops: 0000 [#1] PREEMPT SMP NOPTI\r\n'],
  ['[    2.1] Kernel panic - not syncing: Attempted to kill init!'],
  ['(XEN) Hardware Dom0 crashed: rebooting machine in 5 seconds.'],
  ['(XEN) FATAL TRAP: vec 6, #UD[0000]'],
])('a boot that says %j is over', (line) => {
  expect(bootFault(`[    0.0] Linux\n${line}\n[ 3] x\n`)).toBe(line.trim());
  expect(bootFault(`[    0.0] Linux, oops=panic\n`)).toBeUndefined();
});
