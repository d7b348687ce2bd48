// Runs in dom0: creates and destroys a guest again and again, in one process.
import { createImageFiles } from '../../../shared/domain/build/index.ts';
import { unixFiles } from '../../../shared/platform/unix/files.ts';
import { openGuests } from './guests.ts';

const [file = '', rounds = '20'] = process.argv.slice(2);
const guests = await openGuests();
const images = createImageFiles(unixFiles());
for (let round = 0; round < Number(rounds); round++) {
  const { name } = await guests.create(file, images);
  await guests.destroy(name);
}
guests.close();
