/** `xtl disk list --stats`: what disks have done, from the pages that our back end writes. */

import { ok, type Result } from '../../shared/core/result.ts';
import { BLKBACK_STATE, type BuildHost, type DiskView } from '../../shared/domain/build/index.ts';
import { PAGE_SIZE } from '../../shared/platform/region.ts';
import { type Counters, latencyAt, readCounters } from '../../shared/telemetry/blk-counters.ts';
import { sequenceOf } from '../../shared/telemetry/counter-page.ts';
import { sizeText } from './disk-size.ts';

const READS_MAX = 10;

async function readPage({ files }: BuildHost, path: string): Promise<Result<Uint8Array>> {
  for (let before: Uint8Array | undefined, tries = 0; ; tries++) {
    const page = await files.read(path, PAGE_SIZE);
    if (!page.ok) return page;
    // Two reads of one sequence: nothing was written while the first was made.
    const isWhole = before !== undefined && sequenceOf(before) === sequenceOf(page.value);
    if (isWhole || tries === READS_MAX) return ok(before ?? page.value);
    before = page.value;
  }
}

/** Undefined: nobody counts for this disk here. */
export async function diskStats(
  host: BuildHost,
  domid: number,
  { device, backend }: DiskView,
): Promise<Result<Counters | undefined>> {
  if (backend !== 0) return ok(undefined);
  const page = await readPage(host, `${BLKBACK_STATE}/vbd-${domid}-${device}.stats`);
  if (!page.ok) return page.error.errno === 'ENOENT' ? ok(undefined) : page;
  const bytes = page.value.slice();
  return readCounters({ bytes, words: new Int32Array(bytes.buffer) });
}

/** For programs: as they are counted, and latencies that so many took at most. */
export function statsObject({ kinds, latencies, ...rest }: Counters): object {
  const { refused, depth, depthMax, turns, eventsSent, eventsReceived, repeated } = rest;
  const of = (kind: keyof Counters['latencies']): object => ({
    ...kinds[kind],
    latencyUs: {
      p50: latencyAt(latencies[kind], 0.5) ?? null,
      p99: latencyAt(latencies[kind], 0.99) ?? null,
      buckets: latencies[kind],
    },
  });
  return {
    ...{ read: of('read'), write: of('write'), flush: of('flush') },
    ...{ discard: kinds.discard, other: kinds.other },
    ...{ refused, depth, depthMax, turns, eventsSent, eventsReceived, repeated },
  };
}

export const STATS_HEAD = [
  ...['VDEV', 'READS', 'READ', 'P99', 'WRITES', 'WRITTEN', 'P99', 'FLUSHES', 'P99'],
  ...['ERRORS', 'REFUSED', 'DEPTH'],
];

/** `< 512 us`: as a bucket has it. */
function timeText(us: number | undefined): string {
  if (us === undefined) return '-';
  if (us < 1024) return `< ${us} us`;
  return us < 1_048_576 ? `< ${Math.round(us / 1024)} ms` : `< ${Math.round(us / 1_048_576)} s`;
}

/** The cells behind the name. */
export function statsRow(stats: Counters | undefined): string[] {
  if (stats === undefined) return STATS_HEAD.slice(1).map(() => '-');
  const { kinds, latencies, refused, depth, depthMax } = stats;
  const p99 = (kind: keyof Counters['latencies']) => timeText(latencyAt(latencies[kind], 0.99));
  const errors = Object.values(kinds).reduce((sum, kind) => sum + kind.errors, 0);
  return [
    ...[String(kinds.read.requests), sizeText(kinds.read.bytes), p99('read')],
    ...[String(kinds.write.requests), sizeText(kinds.write.bytes), p99('write')],
    ...[String(kinds.flush.requests), p99('flush')],
    ...[String(errors), String(refused), `${depth} of ${depthMax}`],
  ];
}
