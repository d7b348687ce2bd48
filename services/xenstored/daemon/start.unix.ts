/** All that the process holds while it serves: taken one after the other, given back in reverse. */

import { ok, type Result } from '../../../shared/core/result.ts';
import { clock } from '../../../shared/platform/unix/clock.ts';
import { type Dom0Ring, openDom0Ring } from '../../../shared/platform/unix/dom0-ring.ts';
import { openUnix, type UnixPlatform } from '../../../shared/platform/unix/platform.ts';
import { serveStreams } from '../../../shared/platform/unix/stream-server.ts';
import { limitLines } from '../log-limit.ts';
import type { DaemonOptions } from '../options.ts';
import { createXenstored, type Xenstored } from '../service.ts';
import { warmUp } from '../warm-up.ts';
import { control } from './control.unix.ts';
import { giveBackHeap, keepHeapSmall } from './heap.unix.ts';
import type { Logs } from './logs.unix.ts';
import { writePidFile } from './pid-file.unix.ts';
import { takePlace } from './place.unix.ts';
import { serveTrace, tracePathBeside } from './trace-socket.unix.ts';
import { createTracing, type Tracing } from './tracing.unix.ts';

export interface Running {
  readonly socket: string;
  readonly tracing: Tracing;
  /** Ends all connections and removes what is ours: sockets, pid file, lock. */
  stop(): void;
  /**
   * At a bug: removes what is ours of what is left, and asks nothing of the store, which may be
   * what is broken.
   */
  abandon(): void;
}

export interface Outlook {
  readonly logs: Logs;
  /** What is not as it was asked for, though the store is served. */
  readonly amiss: (line: string) => void;
}

/** How to give back what was taken. */
type Undo = (() => void)[];

/** In reverse. A step that throws is gone, too: the rest can be given back after it. */
function giveBack(undo: Undo): void {
  for (let step = undo.pop(); step !== undefined; step = undo.pop()) step();
}

/** The same, whatever fails of it. */
function giveBackAll(undo: Undo): void {
  while (undo.length > 0) {
    try {
      giveBack(undo);
    } catch {
      // The bug that brought us here is told, and not what follows from it.
    }
  }
}

interface Xen {
  readonly platform: UnixPlatform | undefined;
  readonly dom0: Dom0Ring | undefined;
}

function openXen(options: DaemonOptions, undo: Undo): Result<Xen> {
  if (!options.domains) return ok({ platform: undefined, dom0: undefined });
  const platform = openUnix();
  if (!platform.ok) return platform;
  undo.push(platform.value.close);
  const dom0 = openDom0Ring(platform.value.events);
  return dom0.ok ? ok({ platform: platform.value, dom0: dom0.value }) : dom0;
}

interface Daemon {
  readonly daemon: Xenstored;
  readonly tracing: Tracing;
}

function createDaemon(
  options: DaemonOptions,
  { platform }: Xen,
  logs: Logs,
  report: (line: string) => void,
): Daemon {
  const { keepOrphans, privDomid, eventTimeoutMs, quotas } = options;
  const daemon: Xenstored = createXenstored(
    {
      clock,
      xen: platform,
      soon: setImmediate,
      report,
      control: (command) => control(daemon, logs, tracing, command),
    },
    { keepOrphans, privDomid, eventTimeoutMs, quotas },
  );
  const tracing = createTracing(daemon.tap, options.traceFile);
  return { daemon, tracing };
}

type Taken = Pick<Running, 'socket' | 'tracing'> & Pick<Daemon, 'daemon'>;

function take(options: DaemonOptions, outlook: Outlook, undo: Undo): Result<Taken> {
  const place = takePlace();
  if (!place.ok) return place;
  const { socket, lock, keep, giveBack } = place.value;
  undo.push(giveBack);
  keepHeapSmall();
  warmUp();
  giveBackHeap();
  const xen = openXen(options, undo);
  if (!xen.ok) return xen;
  const report = limitLines(clock, outlook.logs.info);
  const { daemon, tracing } = createDaemon(options, xen.value, outlook.logs, report);
  undo.push(tracing.stop);
  // First: whoever sees the store's socket finds the other one, too.
  const trace = serveTrace(tracePathBeside(socket), lock, daemon.tap, report);
  if (trace.ok) undo.push(trace.value.close);
  const server = serveStreams(socket, lock, daemon.accept, report);
  if (!server.ok) return server;
  undo.push(server.value.close);
  if (!trace.ok) outlook.amiss(trace.error.what);
  if (options.pidFile !== undefined) {
    const pidFile = writePidFile(options.pidFile);
    if (!pidFile.ok) return pidFile;
    undo.push(pidFile.value.remove);
  }
  const started = daemon.start(xen.value.dom0);
  if (!started.ok) {
    daemon.stop();
    return started;
  }
  keep();
  // Last, and still before the first request: a start that fails leaves no trace.
  if (options.traceFile !== undefined) {
    const traced = tracing.start();
    if (!traced.ok) outlook.amiss(traced.error.what);
  }
  return ok({ socket, tracing, daemon });
}

/**
 * Serves, or says why it cannot and leaves nothing behind: there is another xenstored, no Xen, no
 * permission, no place for a file that was asked for.
 */
export function start(options: DaemonOptions, outlook: Outlook): Result<Running> {
  const undo: Undo = [];
  const abandon = (): void => giveBackAll(undo);
  try {
    const taken = take(options, outlook, undo);
    if (!taken.ok) {
      giveBack(undo);
      return taken;
    }
    const { socket, tracing, daemon } = taken.value;
    const stop = (): void => {
      daemon.stop();
      giveBack(undo);
    };
    return ok({ socket, tracing, stop, abandon });
  } catch (bug) {
    abandon();
    throw bug;
  }
}
