// `npm run bench -- NAME [--json]`: measures ours beside the peers and prints a table, or one JSON
// object. For xenstored, `--beside FILE` is one more peer: build/xtl/xenstored.mjs of
// another commit.
import { parseArgs } from 'node:util';
import { benchAdopt } from './adopt.ts';
import { benchBlk } from './blk.ts';
import { benchCreate } from './create.ts';
import { benchEngine } from './engine.ts';
import { type BenchOptions, formatReport, type Report } from './rows.ts';
import { benchStubdom } from './stubdom.ts';
import { benchXenstored } from './xenstored.ts';

const benches: Readonly<Record<string, (options: BenchOptions) => Promise<Report>>> = {
  adopt: benchAdopt,
  blk: benchBlk,
  create: benchCreate,
  engine: benchEngine,
  stubdom: benchStubdom,
  xenstored: benchXenstored,
};

/** What the command line asks for; undefined if that is not possible. */
const asked = () => {
  try {
    const { values, positionals } = parseArgs({
      options: { json: { type: 'boolean' }, beside: { type: 'string' } },
      allowPositionals: true,
    });
    const [name = '', ...surplus] = positionals;
    const bench = benches[name];
    const isPossible =
      surplus.length === 0 && (values.beside === undefined || bench === benchXenstored);
    return bench && isPossible ? { bench, ...values } : undefined;
  } catch {
    return undefined;
  }
};

const what = asked();
if (what === undefined) {
  process.stderr.write(`usage: npm run bench -- ${Object.keys(benches).join('|')} [--json]
       npm run bench -- xenstored [--json] [--beside FILE]\n`);
  process.exit(2);
}
try {
  const report = await what.bench(what);
  process.stdout.write(`${what.json ? JSON.stringify(report) : formatReport(report)}\n`);
} catch (error) {
  process.stderr.write(`bench: ${error instanceof Error ? error.message : error}\n`);
  process.exit(1);
}
