// `npm run bench -- NAME [--json]`: measures ours beside the peers and prints a table, or one JSON
// object.
import { benchCreate } from './create.ts';
import { formatReport, type Report } from './rows.ts';
import { benchStubdom } from './stubdom.ts';
import { benchXenstored } from './xenstored.ts';

const benches: Readonly<Record<string, () => Promise<Report>>> = {
  create: benchCreate,
  stubdom: benchStubdom,
  xenstored: benchXenstored,
};

const args = process.argv.slice(2);
const json = args.includes('--json');
const [name, ...surplus] = args.filter((arg) => arg !== '--json');
const bench = name === undefined ? undefined : benches[name];
if (bench === undefined || surplus.length > 0) {
  const names = Object.keys(benches).join('|');
  process.stderr.write(`usage: npm run bench -- ${names} [--json]\n`);
  process.exit(2);
}
try {
  const report = await bench();
  process.stdout.write(`${json ? JSON.stringify(report) : formatReport(report)}\n`);
} catch (error) {
  process.stderr.write(`bench: ${error instanceof Error ? error.message : error}\n`);
  process.exit(1);
}
