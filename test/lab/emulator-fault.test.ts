import { expect, it } from 'vitest';
import { tripleFaults } from './emulator-fault.ts';

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
