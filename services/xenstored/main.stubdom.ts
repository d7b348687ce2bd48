/**
 * xenstored as a domain of its own: started by init-xenstore-domain, or by `xtl xenstored start
 * --stubdom`. dom0's kernel is its first client, by the page that it granted and the port that
 * `--event` names (IOCTL_XENBUS_BACKEND_SETUP in Linux's xenbus_dev_backend.c, v6.1).
 */

import { DOM0, port } from '../../shared/core/ids.ts';
import { fail, ok, type Result } from '../../shared/core/result.ts';
import { openStubdom, type StubdomPlatform } from '../../shared/platform/stubdom/platform.ts';
import { shutdown } from '../../shared/platform/stubdom/shutdown.ts';
import { serviceWords } from '../../shared/platform/stubdom/words.ts';
import type { HostCommand } from './core/host.ts';
import { XENSTORE_GREF } from './limits.ts';
import { limitLines } from './log-limit.ts';
import { type DaemonOptions, parseOptions } from './options.ts';
import type { RingParts } from './ring.ts';
import { createXenstored, type Xenstored } from './service.ts';

/** The ring of dom0's kernel. */
function openDom0(
  { grants, events }: StubdomPlatform,
  event: number | undefined,
): Result<RingParts> {
  if (event === undefined) return fail('EINVAL', '--event must name the port of dom0');
  const page = grants.map(DOM0, [XENSTORE_GREF], 'rw');
  if (!page.ok) return page;
  const bound = events.bindInterdomain(DOM0, port(event));
  if (!bound.ok) return bound;
  return ok({ region: page.value, port: bound.value, unmap: () => grants.unmap(page.value) });
}

/** What the domain and the store hold, a line a number. */
function memoryLines({ kernel }: StubdomPlatform, { store }: Xenstored): readonly string[] {
  const figures = new Float64Array(4);
  kernel.memory(figures);
  const { state } = store;
  const rows: Readonly<Record<string, number | undefined>> = {
    total: figures[0],
    heapUsed: figures[1],
    heapFree: figures[2],
    pagesFree: figures[3],
    domains: state.domains.size,
    connections: state.connections.size,
    transactions: state.openTransactions,
    generation: state.generation,
  };
  return Object.entries(rows).map(([name, value]) => `${name} ${value}`);
}

/** There are no files here: what CONTROL shows, the console shows. */
function control(
  platform: StubdomPlatform,
  daemon: Xenstored,
  command: HostCommand,
  trace: { end: (() => void) | undefined },
): Result<void> {
  const { console } = platform;
  if (command.what === 'print') console.line(command.text);
  else if (command.what === 'memreport') {
    for (const line of memoryLines(platform, daemon)) console.line(line);
  } else if (command.what === 'log') {
    trace.end?.();
    trace.end = command.on ? daemon.tap.show((line) => console.line(line)) : undefined;
  } else return fail('EOPNOTSUPP', 'a stub domain has no files');
  return ok();
}

function start(platform: StubdomPlatform, options: DaemonOptions): Result<void> {
  const { clock, console, kernel } = platform;
  const { keepOrphans, privDomid, eventTimeoutMs, quotas } = options;
  const dom0 = openDom0(platform, options.event);
  if (!dom0.ok) return dom0;
  const trace = { end: undefined };
  const daemon: Xenstored = createXenstored(
    {
      clock,
      xen: platform,
      soon: (run) => void clock.after(0, run),
      report: limitLines(clock, console.line),
      control: (command) => control(platform, daemon, command, trace),
    },
    { keepOrphans, privDomid, eventTimeoutMs, quotas },
  );
  for (const line of options.ignored) console.line(line);
  const started = daemon.start(dom0.value);
  if (started.ok) console.line(`xenstored: domain ${kernel.domid} serves`);
  return started;
}

const platform = openStubdom();
const options = parseOptions(serviceWords(platform.kernel));
const started = options.ok ? start(platform, options.value) : options;
if (!started.ok) {
  platform.console.line(`xenstored: ${started.error.errno} ${started.error.what}`);
  shutdown(platform.kernel, 'crash');
}
