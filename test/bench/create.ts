// `create`: how long a small guest takes to build, ours beside xl, on one host in the lab.
import { type LabHost, labHost } from '../lab/host.ts';
import { median, type Report, type Row } from './rows.ts';

const ROUNDS = 10;
const GUEST = '/root/guests/small.cfg';

/** Which peer's samples a row of ours is compared with. */
const PEER_OF = ['small-guest', 'small-guest-cold', 'small-guest-command'];

export async function benchCreate(): Promise<Report> {
  const host: LabHost = await labHost({ xen: '4.17' });
  try {
    const { stdout, stderr, code } = await host.run(
      `node /usr/lib/xtl/tools/create-bench.mjs ${GUEST} ${ROUNDS}`,
    );
    if (code !== 0) throw new Error(`the benchmark failed in dom0: ${stderr.trim()}`);
    return report(JSON.parse(stdout) as Record<string, number[]>);
  } finally {
    await host.end();
  }
}

/** `samples`: microseconds by row; xl's own are the peer of the whole creations. */
export function report(samples: Readonly<Record<string, readonly number[]>>): Report {
  const { xl = [], first: _, ...ours } = samples;
  const rows = Object.entries(ours).map(
    ([row, times]): Row => ({
      row,
      unit: 'us',
      better: 'lower',
      ours: median(times),
      peers: PEER_OF.includes(row) ? { xl: median(xl) } : {},
      runs: times.length,
    }),
  );
  return { bench: 'create', rows: rows.toSorted((a, b) => rank(a) - rank(b)) };
}

/** Whole creations first, steps below. */
function rank({ row }: Row): number {
  const whole = PEER_OF.indexOf(row);
  return whole < 0 ? PEER_OF.length : whole;
}
