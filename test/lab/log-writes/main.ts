// Runs in dom0: cuts the power, in a log of dm-log-writes, at the last flush before each round, and
// tells what is missing then. LOG BYTES PER_ROUND looks at the disk itself; with DEVICE and FILE
// behind them the disk is put there each time and mounted, and the file on it is looked at.
import { execFileSync } from 'node:child_process';
import { closeSync, openSync, readFileSync, readSync, writeFileSync } from 'node:fs';
import { entriesOf } from './log.ts';
import { cutsOf, incomplete } from './rounds.ts';

const [log = '', size = '', perRound = '', device = '', file = ''] = process.argv.slice(2);
const MOUNT = '/mnt';

const fd = openSync(log, 'r');
const read = (offset: number, bytes: number): Uint8Array => {
  const found = new Uint8Array(bytes);
  for (let at = 0; at < bytes; ) {
    const count = readSync(fd, found, at, bytes - at, offset + at);
    if (count === 0) throw new Error(`the log ends at ${offset + at}`);
    at += count;
  }
  return found;
};

/** What a host that comes up again finds in the file. */
function fileOn(disk: Uint8Array): Uint8Array {
  writeFileSync(device, disk);
  execFileSync('sync');
  execFileSync('mount', ['-t', 'ext4', device, MOUNT]);
  try {
    return new Uint8Array(readFileSync(`${MOUNT}/${file}`));
  } finally {
    execFileSync('umount', [MOUNT]);
  }
}

for (const { round, flush, disk } of cutsOf(entriesOf(read), new Uint8Array(Number(size)))) {
  const seen = device === '' || round === 1 ? disk : fileOn(disk);
  const missing = incomplete(seen, round - 1, Number(perRound));
  process.stdout.write(
    `round ${round} at flush ${flush}: missing ${missing.join(' ') || 'none'}\n`,
  );
}
closeSync(fd);
