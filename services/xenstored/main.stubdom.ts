/**
 * xenstored as a domain of its own: started by init-xenstore-domain, or by `xtl xenstored start
 * --stubdom`. dom0's kernel is its first client, by the page that it granted and the port that
 * `--event` names (IOCTL_XENBUS_BACKEND_SETUP in Linux's xenbus_dev_backend.c, v6.1).
 */

import { DOM0, port } from '../../shared/core/ids.ts';
import { fail, ok, type Result } from '../../shared/core/result.ts';
import { type Fields, type Log, openLog } from '../../shared/platform/stubdom/log.ts';
import { openStubdom, type StubdomPlatform } from '../../shared/platform/stubdom/platform.ts';
import { openRoom, type Room } from '../../shared/platform/stubdom/room.ts';
import { shutdown } from '../../shared/platform/stubdom/shutdown.ts';
import { serviceWords } from '../../shared/platform/stubdom/words.ts';
import type { HostCommand } from './core/host.ts';
import { createTextPathCache } from './core/path-cache-text.ts';
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

/** What the domain (in bytes) and the store hold. */
function memoryReport(room: Room, { store }: Xenstored): Fields {
  const { state } = store;
  return {
    ...room.figures(),
    domains: state.domains.size,
    connections: state.connections.size,
    transactions: state.openTransactions,
    generation: state.generation,
  };
}

interface Running {
  readonly daemon: Xenstored;
  readonly room: Room;
  readonly log: Log;
  /** Ends the trace, if there is one. */
  endTrace: (() => void) | undefined;
}

/** There are no files here: what CONTROL shows, the console shows. */
function control(
  running: Running,
  { console }: StubdomPlatform,
  command: HostCommand,
): Result<void> {
  const { daemon, room, log } = running;
  if (command.what === 'print') log.info(command.text);
  else if (command.what === 'memreport') log.info('memory', memoryReport(room, daemon));
  else if (command.what === 'log') {
    running.endTrace?.();
    running.endTrace = command.on ? daemon.tap.show((line) => console.line(line)) : undefined;
  } else return fail('EOPNOTSUPP', 'a stub domain has no files');
  return ok();
}

function start(platform: StubdomPlatform, log: Log, options: DaemonOptions): Result<void> {
  const { clock, kernel } = platform;
  const { keepOrphans, privDomid, eventTimeoutMs, quotas } = options;
  const dom0 = openDom0(platform, options.event);
  if (!dom0.ok) return dom0;
  const room = openRoom(kernel);
  const daemon: Xenstored = createXenstored(
    {
      clock,
      xen: platform,
      soon: (run) => void clock.after(0, run),
      report: limitLines(clock, log.info),
      hasRoom: room.hasRoom,
      control: (command) => control(running, platform, command),
    },
    { keepOrphans, privDomid, eventTimeoutMs, quotas, createPaths: createTextPathCache },
  );
  const running: Running = { daemon, room, log, endTrace: undefined };
  for (const line of options.ignored) log.info(line);
  const started = daemon.start(dom0.value);
  if (started.ok) log.info('serves all domains');
  return started;
}

const platform = openStubdom();
const log = openLog(platform.kernel);
const options = parseOptions(serviceWords(platform.kernel));
const started = options.ok ? start(platform, log, options.value) : options;
if (!started.ok) {
  log.error(started.error.what, { errno: started.error.errno });
  shutdown(platform.kernel, 'crash');
}
