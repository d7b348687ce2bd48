import { expect, test } from 'vitest';
import { grantEntryV1 } from '../../abi/grant-table.ts';
import { decode } from '../../core/layout.ts';
import { identityPageTable, seedGrantTable } from './special-pages.ts';

test('the identity page table maps each 4 MiB to itself, present, writable, for the user', () => {
  const page = identityPageTable();
  const view = new DataView(page.buffer);
  expect(page.length).toBe(4096);
  for (let i = 0; i < 1024; i++) {
    expect(view.getUint32(i * 4, true)).toBe(i * 2 ** 22 + 0xe7);
  }
});

test('a new grant table grants the console and the xenstore ring to those who serve them', () => {
  const bytes = seedGrantTable({
    consoleGfn: 0xfefff,
    consoleDomid: 0,
    xenstoreGfn: 0xfeffc,
    xenstoreDomid: 3,
  });
  expect(bytes.length).toBe(16);
  expect(decode(grantEntryV1, bytes, 0)).toEqual({ flags: 1, domid: 0, frame: 0xfefff });
  expect(decode(grantEntryV1, bytes, 8)).toEqual({ flags: 1, domid: 3, frame: 0xfeffc });
});
