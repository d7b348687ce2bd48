// Runs in dom0: grants pages to a domain that is yet to come, says which, and looks at what that
// domain made of them (test/kernel/images/exchange).
import { domid } from '../../../shared/core/ids.ts';
import { must } from '../../../shared/core/result.ts';
import { openUnix } from '../../../shared/platform/unix/platform.ts';

const PAGE_SIZE = 4096;
const PAGES = 40;

const guest = domid(Number(process.argv[2]));
const platform = must(openUnix());
const { events, grants } = platform;
const writable = must(grants.offer(guest, PAGES, 'rw'));
const readable = must(grants.offer(guest, 1, 'ro'));
for (let i = 0; i < PAGES; i++) writable.region.bytes[i * PAGE_SIZE] = i;
readable.region.bytes.set(Buffer.from('hello'), 100);
const port = must(events.allocUnbound(guest));
process.stdout.write(`rw=${writable.grefs.join()} ro=${readable.grefs.join()} port=${port}\n`);
await new Promise<void>((heard) => events.listen(port, heard));
for (let i = 0; i < PAGES; i++) {
  const answer = writable.region.bytes[i * PAGE_SIZE + 1];
  if (answer !== 255 - i) throw new Error(`page ${i} has ${answer}`);
}
events.notify(port);
process.stdout.write('answered\n');
grants.revoke(writable);
grants.revoke(readable);
platform.close();
