// Runs in dom0: makes so many guests of a configuration, paused until all are there, and ends them
// when its standard input ends.
import { must } from '../../../shared/core/result.ts';
import { createImageFiles } from '../../../shared/domain/build/index.ts';
import { unixFiles } from '../../../shared/platform/unix/files.ts';
import { openGuests } from './guests.ts';

const [file = '', count = '1', run = ''] = process.argv.slice(2);
const guests = await openGuests();
const images = createImageFiles(unixFiles());
const made = [];
for (let i = 0; i < Number(count); i++) {
  const { domid } = await guests.create(file, images, {
    settings: [`name="many${i}"`],
    paused: true,
  });
  made.push(domid);
}
if (run === '--run') for (const domid of made) must(guests.domainControl.unpause(domid));
process.stdout.write('made\n');
for await (const _ of process.stdin);
for (const domid of made) await guests.end(domid);
guests.close();
