import { expect, it } from 'vitest';
import { emulatorFaults } from './emulator-fault.ts';

const dump = (cs: string, rip: string): string => `(XEN) d11v0 Triple fault - invoking HVM shutdown
(XEN) *** Dumping Dom11 vcpu#0 state: ***
(XEN) CPU:    0
(XEN) RIP:    ${cs}:[<${rip}>]
(XEN) ds: 0000   es: 0000   fs: 0000   gs: 0000   ss: 0000   cs: ${cs}
`;

it.each([
  ['a quiet log', '(XEN) d8v0: upcall vector f3\n', 0],
  ["a guest's own triple fault", dump('0010', 'ffffffff81000000'), 0],
  ["a guest with Xen's registers", dump('e008', 'ffff82d040215a6f'), 1],
  ['both, twice', `${dump('0010', '1000')}${dump('e008', '2000')}`.repeat(2), 2],
  ["Xen's own crash after a guest's", `${dump('0010', '0')}${'x\n'.repeat(24)}cs: e008`, 0],
])('%s: %#', (_, log, count) => {
  expect(emulatorFaults(log)).toBe(count);
});
