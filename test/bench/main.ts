// `npm run bench -- NAME [--json] [--beside FILE]`: measures ours beside the peers and prints a
// table, or one JSON object. FILE is a build/xtl/xenstored.mjs of another commit, one more peer.
import { parseArgs } from 'node:util';
import { benchCreate } from './create.ts';
import { type BenchOptions, formatReport, type Report } from './rows.ts';
import { benchStubdom } from './stubdom.ts';
import { benchXenstored } from './xenstored.ts';

const benches: Readonly<Record<string, (options: BenchOptions) => Promise<Report>>> = {
  create: benchCreate,
  stubdom: benchStubdom,
  xenstored: benchXenstored,
};

const { values, positionals } = parseArgs({
  options: { json: { type: 'boolean' }, beside: { type: 'string' } },
  allowPositionals: true,
  strict: false,
});
const { json, beside } = values;
const [name = '', ...surplus] = positionals;
const bench = benches[name];
const isKnown = Object.keys(values).every((key) => ['json', 'beside'].includes(key));
if (bench === undefined || surplus.length > 0 || !isKnown) {
  const names = Object.keys(benches).join('|');
  process.stderr.write(`usage: npm run bench -- ${names} [--json] [--beside FILE]\n`);
  process.exit(2);
}
try {
  const report = await bench({ beside: typeof beside === 'string' ? beside : undefined });
  process.stdout.write(`${json ? JSON.stringify(report) : formatReport(report)}\n`);
} catch (error) {
  process.stderr.write(`bench: ${error instanceof Error ? error.message : error}\n`);
  process.exit(1);
}
