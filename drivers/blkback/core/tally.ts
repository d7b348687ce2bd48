/** The counting of what a disk does: in memory of our own, and once a turn into the shared page. */

import {
  BLKIF_OP_DISCARD,
  BLKIF_OP_FLUSH_DISKCACHE,
  BLKIF_OP_READ,
  BLKIF_OP_WRITE,
  BLKIF_OP_WRITE_BARRIER,
  BLKIF_RSP_OKAY,
} from '../../../shared/abi/blkif.ts';
import type { Region } from '../../../shared/platform/region.ts';
import {
  BLK_FORM,
  BUCKETS,
  DEPTH,
  DEPTH_MAX,
  HISTOGRAMS,
  KINDS,
  type Kind,
  PER_KIND,
  TIMED_KINDS,
} from '../../../shared/telemetry/blk-counters.ts';
import { type Subject, startTally, type Tally } from '../../../shared/telemetry/counter-page.ts';

/** By operation. Linux's backend counts barriers as flushes, too (blkback.c @ v6.12). */
const KIND_OF = new Uint8Array(256).fill(KINDS.indexOf('other'));
const kinds: readonly (readonly [number, Kind])[] = [
  [BLKIF_OP_READ, 'read'],
  [BLKIF_OP_WRITE, 'write'],
  [BLKIF_OP_WRITE_BARRIER, 'flush'],
  [BLKIF_OP_FLUSH_DISKCACHE, 'flush'],
  [BLKIF_OP_DISCARD, 'discard'],
];
for (const [operation, kind] of kinds) KIND_OF[operation] = KINDS.indexOf(kind);

/** Goes on with what the page says of the same disk; whatever else is in it is overwritten. */
export function openTally(region: Region, subject: Subject): Tally {
  return startTally(BLK_FORM, region, subject);
}

/** A request is answered, with so many bytes done if it was. */
export function countAnswer(
  { counters }: Tally,
  operation: number,
  bytes: number,
  status: number,
): void {
  const at = (KIND_OF[operation] as number) * PER_KIND;
  (counters[at] as number)++;
  if (status === BLKIF_RSP_OKAY) (counters[at + 1] as number) += bytes;
  else (counters[at + 2] as number)++;
}

/** How long one took that was not refused. */
export function countLatency({ counters }: Tally, operation: number, us: number): void {
  const kind = KIND_OF[operation] as number;
  if (kind >= TIMED_KINDS) return;
  const bucket = us < 1 ? 0 : us < 2 ** BUCKETS ? 31 - Math.clz32(us) : BUCKETS - 1;
  (counters[HISTOGRAMS + kind * BUCKETS + bucket] as number)++;
}

export function countDepth({ counters }: Tally, depth: number): void {
  counters[DEPTH] = depth;
  if (depth > (counters[DEPTH_MAX] as number)) counters[DEPTH_MAX] = depth;
}
