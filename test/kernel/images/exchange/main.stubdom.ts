/**
 * The guest's half of an exchange with dom0 (test/kernel/dom0/exchange.ts): maps and copies what
 * dom0 granted, and answers in the same pages. The command line names references and port.
 */

import { assert } from '../../../../shared/core/assert.ts';
import { DOM0, gref, port } from '../../../../shared/core/ids.ts';
import { must } from '../../../../shared/core/result.ts';
import { openStubdom } from '../../../../shared/platform/stubdom/platform.ts';
import { shutdown } from '../../../../shared/platform/stubdom/shutdown.ts';

const PAGE_SIZE = 4096;

const platform = openStubdom();
const { kernel, events, grants, memory, console } = platform;

function numbers(name: string): readonly number[] {
  const word = kernel.commandLine.split(' ').find((text) => text.startsWith(`${name}=`));
  return (word?.slice(name.length + 1) ?? '').split(',').map(Number);
}

const writable = numbers('rw').map(gref);
const readable = numbers('ro').map(gref);
const [theirs = 0] = numbers('port');

function errnoOf(...args: Parameters<typeof grants.map>): string {
  const mapped = grants.map(...args);
  if (!mapped.ok) return mapped.error.errno;
  grants.unmap(mapped.value);
  return 'none';
}

function expect(what: string, found: unknown, wanted: unknown): void {
  assert(found === wanted, `${what}: ${found} instead of ${wanted}`);
}

// All or none: a list with a bad reference behind a batch that was mapped leaves nothing mapped.
const broken = [...writable.slice(0, 35), gref(0xfffff), ...writable.slice(35)];
expect('a bad reference among good ones', errnoOf(DOM0, broken, 'rw'), 'EINVAL');
// Xen says no more than that of a right that is lacking.
expect('writing to what may be read', errnoOf(DOM0, readable, 'rw'), 'EINVAL');
expect('reading what may be read', errnoOf(DOM0, readable, 'ro'), 'none');

for (let round = 0; round < 3; round++) {
  const region = must(grants.map(DOM0, writable, 'rw'));
  for (let i = 0; i < writable.length; i++) {
    expect(`page ${i}`, region.bytes[i * PAGE_SIZE], i);
    region.bytes[i * PAGE_SIZE + 1] = 255 - i;
  }
  grants.unmap(region);
}

const own = must(memory.pages(1));
const copies = must(grants.batch(2));
const theirPage = readable[0] ?? gref(0);
copies.fromGuest(DOM0, theirPage, 100, own, 7, 5);
copies.toGuest(DOM0, theirPage, 0, own, 0, 5);
expect('copies that fail', copies.run(), 1);
expect('a copy from a page', copies.error(0), undefined);
expect('its bytes', String.fromCharCode(...own.bytes.subarray(7, 12)), 'hello');
expect('a copy to a page that may be read', copies.error(1) !== undefined, true);

const local = must(events.bindInterdomain(DOM0, port(theirs)));
events.notify(local);
await new Promise<void>((heard) => events.listen(local, heard));
console.line('exchanged');
shutdown(kernel, 'poweroff');
