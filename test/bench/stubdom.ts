/**
 * `stubdom`: xenstored as a domain of its own beside Xen's C xenstored as a daemon of dom0, each on
 * a host of its own. Both hosts run all the time, and are asked alternately.
 */

import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { linkNative } from '../kernel/native.ts';
import { type LabHost, labHost } from '../lab/host.ts';
import { repoRoot } from '../lab/paths.ts';
import { median, type Report, type Row } from './rows.ts';

const XEN = '4.17';
const ROUNDS = 10;
const ROUND_TRIPS = 300;
const HAMMER_ROUNDS = 3;
const GUESTS = 8;
const DOMAINS = 100;
/** What the guests of guests-8 run for (hammer.c); until then dom0 keeps still. */
const HAMMER_SECONDS = 10;
const IMAGE = 'build/xtl/stubdom/xenstored.xen';
const LOGS = '/var/log/xen/console';

interface Programs {
  /** Round trips of dom0. */
  readonly load: string;
  /** The guest of guests-8. */
  readonly hammer: string;
}

async function makePrograms(out: string): Promise<Programs> {
  const load = join(out, 'stubdom-load');
  const source = join(repoRoot, 'test/bench/stubdom-load.c');
  await execa('gcc', ['-O2', '-Wall', '-static', '-o', load, source]);
  const hammer = await linkNative({
    ...{ root: repoRoot, source: 'test/kernel/native/hammer.c', memoryKib: 4096, out },
  });
  return { load, hammer };
}

async function pushAll(host: LabHost, { load, hammer }: Programs): Promise<void> {
  await host.push(load, '/root/load');
  await host.push(hammer, '/root/hammer.xen');
  const config = 'type="pvh"\nkernel="/root/hammer.xen"\nmemory=6\nname="x"\n';
  await host.must('cat > /root/hammer.cfg', { input: config });
}

async function number(host: LabHost, command: string): Promise<number> {
  const text = await host.must(command);
  const value = Number(text.trim());
  if (text.trim() === '' || Number.isNaN(value)) throw new Error(`${command}: ${text}`);
  return value;
}

/** The median of many, in microseconds. */
const roundTrip = (host: LabHost, what: 'read' | 'write'): Promise<number> =>
  number(host, `./load ${what} ${ROUND_TRIPS}`);

const MANY = 'node /usr/lib/xtl/tools/many.mjs /root/hammer.cfg';

/** A script: does `then` while so many guests are there, which are made first and ended last. */
const whileThere = (guests: string, then: string): string => `
rm -f hold ${LOGS}/guest-many*; mkfifo hold
${MANY} ${guests} < hold > many.log 2>&1 & exec 3>hold
until grep -q made many.log; do sleep 1; done
${then}
exec 3>&-; wait`;

/** Answers a second, of all guests together. */
async function hammered(host: LabHost): Promise<number> {
  const said = `cat ${LOGS}/guest-many*.log`;
  const counted = `[ $(${said} | grep -c answers) = ${GUESTS} ]`;
  const all = `sleep ${HAMMER_SECONDS}; for i in {1..60}; do ${counted} && break; sleep 1; done`;
  await host.must(whileThere(`${GUESTS} --run`, all));
  const counts = [...(await host.must(said)).matchAll(/answers (\d+) in (\d+) us/g)];
  if (counts.length !== GUESTS) throw new Error(`${counts.length} guests counted`);
  return counts.reduce((sum, [, count, us]) => sum + Number(count) / (Number(us) / 1e6), 0);
}

const REPORT = 'xenstore-control memreport; sleep 1';

/** KiB that the domain used of its memory when it was last asked. */
async function reportedKib(host: LabHost): Promise<number> {
  const said = await host.must(`cat ${LOGS}/guest-Xenstore.log`);
  const lines = said.split('\n').filter((line) => line.includes('"msg":"memory"'));
  const { total, heapFree, pagesFree } = JSON.parse(lines.at(-1) ?? '{}');
  return (total - heapFree - pagesFree) / 1024;
}

async function memoryKib(host: LabHost): Promise<number> {
  await host.must(REPORT);
  return reportedKib(host);
}

/** While so many domains are introduced. */
async function memoryWithDomains(host: LabHost): Promise<number> {
  await host.must(whileThere(String(DOMAINS), REPORT));
  return reportedKib(host);
}

/** Milliseconds from unpausing the small Linux guest until its init speaks. */
async function linuxInit(host: LabHost): Promise<number> {
  const now = "awk '{ print $1 * 1000 }' /proc/uptime";
  const log = `${LOGS}/guest-small.log`;
  const script = [
    `rm -f ${log}; xl create -q -p guests/small.cfg; xl unpause small; start=$(${now})`,
    `until grep -q '^Linux version' ${log} 2>/dev/null; do sleep 0.05; done`,
    `end=$(${now}); xl destroy small; echo $((\${end%.*} - \${start%.*}))`,
  ];
  return number(host, script.join('\n'));
}

type Figures = Readonly<Record<string, readonly number[]>>;

/** Takes steps that need the programs, on a host that may have been booted anew. */
type On = <T>(host: LabHost, steps: (host: LabHost) => Promise<T>) => Promise<T>;

const withPrograms =
  (programs: Programs): On =>
  (host, steps) =>
    host.withGuests(async () => {
      await pushAll(host, programs);
      return steps(host);
    });

/** What each of the hosts does at that, again and again, one host after the other. */
async function inTurn(
  on: On,
  hosts: readonly LabHost[],
  rounds: number,
  steps: (host: LabHost) => Promise<number>,
): Promise<number[][]> {
  const samples: number[][] = hosts.map(() => []);
  for (let round = 0; round < rounds; round++) {
    for (const [i, host] of hosts.entries()) samples[i]?.push(await on(host, steps));
  }
  return samples;
}

/** What both are asked: the figures of each host. */
async function requests(on: On, hosts: readonly LabHost[]): Promise<Figures[]> {
  const reads = await inTurn(on, hosts, ROUNDS, (host) => roundTrip(host, 'read'));
  const writes = await inTurn(on, hosts, ROUNDS, (host) => roundTrip(host, 'write'));
  const hammer = await inTurn(on, hosts, HAMMER_ROUNDS, hammered);
  return hosts.map((_, i) => ({
    'read-1': reads[i] ?? [],
    'write-1': writes[i] ?? [],
    'guests-8': hammer[i] ?? [],
  }));
}

/** Of a domain that has just started. */
async function ofFreshDomain(on: On, host: LabHost): Promise<Figures> {
  const answered = /answered after ([\d.]+) ms/.exec(host.consoleText())?.[1];
  if (answered === undefined) throw new Error('the host does not say when xenstored answered');
  return {
    'image-bytes': [statSync(join(repoRoot, IMAGE)).size],
    'memory-idle': [await on(host, memoryKib)],
    'first-reply': [Number(answered)],
    'linux-guest': [await on(host, linuxInit)],
  };
}

const ROWS: readonly Pick<Row, 'row' | 'unit' | 'better'>[] = [
  { row: 'image-bytes', unit: 'bytes', better: 'lower' },
  { row: 'memory-idle', unit: 'KiB', better: 'lower' },
  { row: 'memory-100-domains', unit: 'KiB', better: 'lower' },
  { row: 'first-reply', unit: 'ms', better: 'lower' },
  { row: 'read-1', unit: 'us', better: 'lower' },
  { row: 'write-1', unit: 'us', better: 'lower' },
  { row: 'guests-8', unit: 'requests/s', better: 'higher' },
];

/** Rows of both figures. */
export function stubdomReport(ours: Figures, c: Figures): Report {
  const peersOf = (row: string): Row['peers'] => {
    if (row === 'first-reply') return { 'linux-guest': median(ours['linux-guest'] ?? []) };
    return c[row] === undefined ? {} : { c: median(c[row]) };
  };
  const rows = ROWS.map((about): Row => {
    const samples = ours[about.row] ?? [];
    return { ...about, ours: median(samples), peers: peersOf(about.row), runs: samples.length };
  });
  return { bench: 'stubdom', rows };
}

export async function benchStubdom(): Promise<Report> {
  const out = mkdtempSync(join(tmpdir(), 'xtl-bench-'));
  const hosts: LabHost[] = [];
  try {
    const on = withPrograms(await makePrograms(out));
    const domain = await labHost({ xen: XEN, xenstored: 'xtl-stubdom', cpus: 1 });
    hosts.push(domain);
    const fresh = await ofFreshDomain(on, domain);
    hosts.push(await labHost({ xen: XEN, xenstored: 'c', cpus: 1 }));
    const [ours = {}, c = {}] = await requests(on, hosts);
    const full = { 'memory-100-domains': [await on(domain, memoryWithDomains)] };
    return stubdomReport({ ...fresh, ...ours, ...full }, c);
  } finally {
    for (const host of hosts) await host.end();
    rmSync(out, { recursive: true });
  }
}
