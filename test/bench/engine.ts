/**
 * `engine`: the cores of the store, the block backend and the network as the engine of stub
 * domains runs them, natively, beside Debian's own build of that engine and V8; and how large the
 * images are that it is linked into.
 */

import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { build } from 'esbuild';
import { execa } from 'execa';
import { openPackages } from '../../deploy/relink/sysroot.ts';
import {
  compileEntry,
  makeRunner,
  openScript,
  type RunScript,
  runScript,
} from '../kernel/engine-programs.ts';
import { repoRoot } from '../lab/paths.ts';
import { median, type Report, type Row } from './rows.ts';

const ENTRY = 'test/bench/engine/rows.main.ts';
const ON_NODE = 'test/bench/engine/node.main.ts';
const IMAGES = 'build/xtl/stubdom';
const LIMIT_KIB = 32 * 1024;

const ROWS = [
  'read-core',
  'write-core',
  'watch-core',
  'ring-core',
  'blk-core',
  'nat-core',
  'switch-core',
] as const;
const ROUNDS = 7;
/** So many take about a second. */
const REQUESTS = { ours: '100000', debian: '60000', v8: '1000000' } as const;
type Engine = keyof typeof REQUESTS;

/** Debian's library of the engine, which it evaluates the script's text with. */
async function openDebian(work: string): Promise<RunScript> {
  const { dir } = await openPackages(['libquickjs/trixie'], () => {});
  const [program, script] = [join(work, 'debian'), `${await compileEntry(ENTRY, work)}.js`];
  const library = join(dir, 'usr/lib/x86_64-linux-gnu/quickjs/libquickjs.a');
  await makeRunner(program, join(dir, 'usr/include/quickjs'), ['-DEVALUATES', library]);
  return runScript(program, script, LIMIT_KIB);
}

/** The same on Node, as its services are bundled. */
async function openV8(work: string): Promise<RunScript> {
  const outfile = join(work, 'v8.mjs');
  await build({
    ...{ absWorkingDir: repoRoot, entryPoints: [ON_NODE], outfile, bundle: true },
    ...{ format: 'esm', platform: 'node', target: 'node20', logLevel: 'silent' },
  });
  return async (...args) => {
    const { stdout } = await execa(process.execPath, [outfile, ...args]);
    return stdout.split('\n');
  };
}

type Samples = Record<Engine, number[]>;

async function sample(engines: Readonly<Record<Engine, RunScript>>, row: string): Promise<Samples> {
  const samples: Samples = { ours: [], debian: [], v8: [] };
  for (let round = 0; round < ROUNDS; round++) {
    for (const engine of Object.keys(samples) as Engine[]) {
      const [rate] = await engines[engine](row, REQUESTS[engine]);
      samples[engine].push(Number(rate));
    }
  }
  return samples;
}

function imageRows(): Row[] {
  const dir = join(repoRoot, IMAGES);
  return readdirSync(dir)
    .filter((name) => name.endsWith('.xen'))
    .map((name) => {
      const row = `image-bytes-${basename(name, '.xen')}`;
      const ours = statSync(join(dir, name)).size;
      return { row, unit: 'bytes', better: 'lower', ours, peers: {}, runs: 1 };
    });
}

export async function benchEngine(): Promise<Report> {
  const work = mkdtempSync(join(tmpdir(), 'xtl-bench-'));
  try {
    const ours = await openScript({ entry: ENTRY, limitKib: LIMIT_KIB, work });
    const engines = { ours, debian: await openDebian(work), v8: await openV8(work) };
    const rows: Row[] = [];
    for (const row of ROWS) {
      const samples = await sample(engines, row);
      const peers = { debian: median(samples.debian), v8: median(samples.v8) };
      const figures = { ours: median(samples.ours), peers, runs: ROUNDS };
      rows.push({ row, unit: 'requests/s', better: 'higher', ...figures });
    }
    return { bench: 'engine', rows: [...rows, ...imageRows()] };
  } finally {
    rmSync(work, { recursive: true });
  }
}
