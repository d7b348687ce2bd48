/**
 * What a benchmark says: rows of medians, ours beside the peers', as a table or as one JSON object.
 */

import Table from 'cli-table3';

export interface Row {
  /** Stable name of the row. */
  readonly row: string;
  readonly unit: string;
  readonly better: 'lower' | 'higher';
  /** Median. */
  readonly ours: number;
  /** Medians, by the peer's name. */
  readonly peers: Readonly<Record<string, number>>;
  readonly runs: number;
}

export interface BenchOptions {
  /** The program of another build of ours, as one more peer; only xenstored's bench has it. */
  readonly beside?: string | undefined;
}

export interface Report {
  readonly bench: string;
  readonly rows: readonly Row[];
}

export function median(samples: readonly number[]): number {
  const sorted = samples.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle];
  if (upper === undefined) return Number.NaN;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] as number)) / 2;
}

/** Ours as a multiple of the peer's: below 1 is good where lower is better. */
export function ratio(row: Row, peer: string): number {
  return row.ours / (row.peers[peer] as number);
}

/**
 * The reports as people read them; peers' columns appear in the order of the first row that has
 * them.
 */
export function formatReport(report: Report): string {
  const peers = [...new Set(report.rows.flatMap((row) => Object.keys(row.peers)))];
  const table = new Table({
    head: ['row', 'unit', 'ours', ...peers.flatMap((peer) => [peer, `ours/${peer}`]), 'runs'],
    colAligns: ['left', 'left', ...peers.flatMap(() => ['right', 'right'] as const), 'right'],
    style: { head: [], border: [] },
  });
  for (const row of report.rows) {
    const cells = peers.flatMap((peer) => {
      const value = row.peers[peer];
      if (value === undefined) return ['', ''];
      const times = ratio(row, peer);
      // Two counts of zero have no ratio.
      return [format(value), Number.isNaN(times) ? '' : times.toFixed(2)];
    });
    table.push([row.row, row.unit, format(row.ours), ...cells, String(row.runs)]);
  }
  return `${report.bench}\n${table.toString()}`;
}

function format(value: number): string {
  return value >= 100 ? String(Math.round(value)) : value.toPrecision(3);
}
