import { expect, it } from 'vitest';
import { brokeDom0, tripleFaults } from './emulator-fault.ts';

const fault = (domid: number): string =>
  `(XEN) d${domid}v0 Triple fault - shutdown action 1\n(XEN) *** Dumping Dom${domid}\n`;

it.each([
  ['', 0],
  ['(XEN) d8v0: upcall vector f3\n', 0],
  [fault(11), 1],
  [`${fault(11)}(XEN) d12v0: upcall vector f3\n${fault(12)}`, 2],
])('counts %j as %i', (log, count) => {
  expect(tripleFaults(log)).toBe(count);
});

it.each([
  ['[    4.088551]  exc_int3+0x118/0x130\n(XEN) Hardware Dom0 crashed: rebooting', true],
  ['[    4.088551]  exc_int3+0x118/0x130\n', false],
  ['(XEN) Hardware Dom0 crashed: rebooting machine in 5 seconds.', false],
])('%j: dom0 broken is %s', (log, broken) => {
  expect(brokeDom0(log)).toBe(broken);
});
