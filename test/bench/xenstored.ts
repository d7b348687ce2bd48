/**
 * `xenstored`: ours beside Xen's C and OCaml xenstored, natively, over the socket. Every row is
 * measured on all daemons one after the other, in another order each time, so that what else the
 * machine does meets all of them; rows are medians of many short runs, since it does so in bursts.
 */

import { join } from 'node:path';
import { execa } from 'execa';
import { repoRoot } from '../lab/paths.ts';
import { compile, type PeerTree, peerTree } from '../peers/packages.ts';
import { type BenchOptions, median, type Report, type Row } from './rows.ts';
import { type Daemon, KINDS, type Kind, startDaemon } from './xenstored-daemons.ts';

/**
 * A compiler does not do the same each time: two processes of one program differ by a tenth for as
 * long as they live, so that rows are of many.
 */
const DAEMONS = 6;
const RUNS_EACH = 2;
const DOMAINS = 1000;

/** Figures by row, of one daemon. */
type Figures = Readonly<Record<string, number>>;

const LOAD_SOURCES = ['main', 'link', 'transactions', 'domains'].map((name) =>
  join(repoRoot, `test/bench/xenstored-load/${name}.c`),
);

interface Tools {
  /** The path of another xenstored.mjs of ours, or none. */
  readonly beside?: string | undefined;
  readonly tree: PeerTree;
  /** The load generator. */
  readonly load: string;
}

/** Measures one or more rows on one daemon. */
type Measure = (daemon: Daemon, tools: Tools) => Promise<Figures>;

/** The numbers that a run of the load generator prints. */
async function load({ socket }: Daemon, tools: Tools, ...args: string[]): Promise<number[]> {
  const { stdout } = await execa(tools.load, [socket, ...args]);
  return stdout.split(/\s+/).map(Number);
}

const loaded =
  (row: string, ...args: string[]): Measure =>
  async (daemon, tools) => {
    const [figure] = await load(daemon, tools, ...args);
    return { [row]: figure as number };
  };

const transactions =
  (row: string, kind: 'own' | 'new'): Measure =>
  async (daemon, tools) => {
    const [commits, again] = await load(daemon, tools, 'transactions', '8', '3000', kind);
    return { [row]: commits as number, [`${row}-eagain`]: again as number };
  };

const TEST_XENSTORE = [
  ...['read 1', 'read 2000', 'write 1', 'write 2000', 'dir', 'rm node', 'rm dir'],
  ...['ta empty', 'ta empty x', 'ta rmw', 'ta rmw x', 'ta err'],
];

/**
 * One row of Xen's own tool. It fails `ta rmw x` on the OCaml daemon, whose cell stays empty then.
 */
const testXenstore =
  (test: string): Measure =>
  async ({ socket }, { tree }) => {
    const args = ['-i', '500', '-t', test];
    const { stdout } = await execa(join(tree.programs, 'test-xenstore'), args, {
      env: { XENSTORED_PATH: socket, LD_LIBRARY_PATH: tree.libraries },
      reject: false,
    });
    const ns = /avg: (\d+) ns/.exec(stdout)?.[1];
    const figures: Figures =
      ns === undefined ? {} : { [`test-xenstore: ${test}`]: Number(ns) / 1e3 };
    return figures;
  };

/** Compilers and caches at work, the same for all; its figures go nowhere. */
const warmUp: Measure = async (daemon, tools) => {
  await load(daemon, tools, 'prepare');
  for (const what of ['read', 'write', 'directory']) {
    await load(daemon, tools, 'one', what, '5000');
  }
  await load(daemon, tools, 'transactions', '8', '2000', 'own');
  return {};
};

const REQUESTS: readonly Measure[] = [
  loaded('read-1', 'one', 'read', '5000'),
  loaded('write-1', 'one', 'write', '5000'),
  loaded('directory-1', 'one', 'directory', '5000'),
  ...TEST_XENSTORE.map(testXenstore),
  loaded('pipeline-16', 'pipeline', '16', '20000'),
  loaded('pipeline-64', 'pipeline', '64', '40000'),
  loaded('connections-16', 'connections', '16', '20000'),
  loaded('write-20k-watches', 'watched', '20000', '2000'),
  transactions('transactions-8', 'own'),
  transactions('transactions-8-new', 'new'),
];

const populate: Measure = async (daemon, tools) => {
  await load(daemon, tools, 'populate', String(DOMAINS));
  return {};
};

/** Resident memory grows a little while after the last request: garbage is collected, or not. */
const SETTLE_MS = 500;

const settled = async (daemon: Daemon): Promise<number> => {
  await new Promise((done) => setTimeout(done, SETTLE_MS));
  return daemon.rssKib();
};

const memory: Measure = async (daemon, tools) => {
  const idle = await settled(daemon);
  await populate(daemon, tools);
  const full = await settled(daemon);
  return { 'rss-idle': idle / 1024, 'rss-1k-domains': (full - idle) / 1024 };
};

const TREE: readonly Measure[] = [
  loaded('read-1k-domains', 'spread', 'read', String(DOMAINS), '5000'),
  loaded('write-1k-domains', 'spread', 'write', String(DOMAINS), '5000'),
];

function unitOf(row: string): Pick<Row, 'unit' | 'better'> {
  if (row.startsWith('rss')) return { unit: 'MiB', better: 'lower' };
  if (row.endsWith('eagain')) return { unit: 'per 1000 commits', better: 'lower' };
  if (row.startsWith('transactions')) return { unit: 'commits/s', better: 'higher' };
  if (/^(pipeline|connections)/.test(row)) return { unit: 'requests/s', better: 'higher' };
  return { unit: 'us', better: 'lower' };
}

/** All figures so far: rows in the order in which they came, then daemons. */
type Samples = Map<string, Map<Kind, number[]>>;

function keep(samples: Samples, kind: Kind, figures: Figures): void {
  for (const [row, figure] of Object.entries(figures)) {
    const kinds = samples.get(row) ?? new Map<Kind, number[]>();
    samples.set(row, kinds);
    kinds.set(kind, [...(kinds.get(kind) ?? []), figure]);
  }
}

/** Fresh daemons, and on them `first` once, then `measures` one after the other, `runs` times. */
async function onAll(
  tools: Tools,
  first: readonly Measure[],
  measures: readonly Measure[],
  runs: number,
  samples: Samples,
): Promise<void> {
  const daemons: Daemon[] = [];
  try {
    const kinds: Kind[] = [...KINDS, ...(tools.beside ? (['beside'] as const) : [])];
    for (const kind of kinds) daemons.push(await startDaemon(kind, tools.beside));
    for (const measure of first) for (const daemon of daemons) await measure(daemon, tools);
    for (let run = 0; run < runs; run++) {
      for (const [i, measure] of measures.entries()) {
        const start = (run + i) % daemons.length;
        for (const daemon of [...daemons.slice(start), ...daemons.slice(0, start)]) {
          keep(samples, daemon.kind, await measure(daemon, tools));
        }
      }
    }
  } finally {
    for (const daemon of daemons) await daemon.stop();
  }
}

function rowOf(row: string, kinds: ReadonlyMap<Kind, readonly number[]>): Row {
  const { ours = [], ...peers } = Object.fromEntries(kinds) as Record<Kind, number[]>;
  const medians = Object.entries(peers).map(([kind, figures]) => [kind, median(figures)]);
  return {
    row,
    ...unitOf(row),
    ours: median(ours),
    peers: Object.fromEntries(medians.toSorted()),
    runs: ours.length,
  };
}

export async function benchXenstored({ beside }: BenchOptions): Promise<Report> {
  const tree = await peerTree();
  const tools = {
    beside,
    tree,
    load: await compile(tree.root, 'xenstored-load', LOAD_SOURCES, []),
  };
  const samples: Samples = new Map();
  for (let i = 0; i < DAEMONS; i++) {
    await onAll(tools, [warmUp], REQUESTS, RUNS_EACH, samples);
    await onAll(tools, [populate, warmUp], TREE, RUNS_EACH, samples);
    await onAll(tools, [], [memory], 1, samples);
  }
  return { bench: 'xenstored', rows: [...samples].map(([row, kinds]) => rowOf(row, kinds)) };
}
