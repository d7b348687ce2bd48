import { expect, it } from 'vitest';
import { dom0Fault, guestFault } from './emulator-fault.ts';

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
