/** The rows of the engine's benchmark: `ROW REQUESTS` prints how many requests a second. */

import { createTextPathCache } from '../../../services/xenstored/core/path-cache-text.ts';
import { blkRows } from './blk-rows.ts';
import { coreRows } from './core-rows.ts';
import { networkRows } from './network-rows.ts';
import { ringRows } from './ring-rows.ts';

/** What engine.c gives, or node.ts. */
declare const host: {
  /** A row's name and how many requests. */
  readonly arguments: readonly string[];
  /** Whether the engine compiles what it runs: each has its own cache of paths. */
  readonly hasCompiler?: boolean;
  /** Of the processor's time. */
  nowMs(): number;
  print(text: string): void;
};

const [row = '', count = ''] = host.arguments;
const requests = Number(count);
const createPaths = host.hasCompiler === true ? undefined : createTextPathCache;
/** Each of them makes its world. */
const rowsOf = {
  'blk-core': blkRows,
  'nat-core': networkRows,
  'switch-core': networkRows,
  'ring-core': () => ringRows(createPaths),
}[row];
const run = (rowsOf?.() ?? coreRows(createPaths))[row];
if (run === undefined) throw new Error(`no row ${row}`);
await run(requests >>> 2);
const begun = host.nowMs();
await run(requests);
host.print(String(Math.round((requests / (host.nowMs() - begun)) * 1000)));
