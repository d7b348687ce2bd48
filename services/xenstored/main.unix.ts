// xenstored as a process of dom0, in the place of Xen's own: same options, same socket, same
// signals.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { ok, type Result } from '../../shared/core/result.ts';
import { clock } from '../../shared/platform/unix/clock.ts';
import { type Dom0Ring, openDom0Ring } from '../../shared/platform/unix/dom0-ring.ts';
import { notifyReady } from '../../shared/platform/unix/notify-ready.ts';
import { openUnix, type UnixPlatform } from '../../shared/platform/unix/platform.ts';
import { type StreamServer, serveStreams } from '../../shared/platform/unix/stream-server.ts';
import { xenstoreSocketPath } from '../../shared/platform/unix/xenstore-socket.ts';
import { inBackground, startInBackground, tellStarter } from './daemon/background.unix.ts';
import { createTracing, runControl, type Tracing } from './daemon/control.unix.ts';
import { keepHeapSmall } from './daemon/heap.unix.ts';
import { type Logs, openLogs } from './daemon/logs.unix.ts';
import { serveTrace, tracePathBeside } from './daemon/trace-socket.unix.ts';
import { limitLines } from './log-limit.ts';
import { type DaemonOptions, parseOptions, USAGE } from './options.ts';
import { createXenstored, type Xenstored } from './service.ts';
import { warmUp } from './warm-up.ts';

interface Running {
  readonly daemon: Xenstored;
  readonly servers: readonly StreamServer[];
  readonly platform: UnixPlatform | undefined;
}

interface Xen {
  readonly platform: UnixPlatform | undefined;
  readonly dom0: Dom0Ring | undefined;
}

function openXen(options: DaemonOptions): Result<Xen> {
  if (!options.domains) return ok({ platform: undefined, dom0: undefined });
  const platform = openUnix();
  if (!platform.ok) return platform;
  const dom0 = openDom0Ring(platform.value.events);
  return dom0.ok ? ok({ platform: platform.value, dom0: dom0.value }) : dom0;
}

/** Serves, or says why it cannot: there is another xenstored, no Xen, or no permission. */
function start(options: DaemonOptions, logs: Logs): Result<Running> {
  keepHeapSmall();
  warmUp();
  const path = xenstoreSocketPath();
  mkdirSync(dirname(path), { recursive: true, mode: 0o755 });
  const xen = openXen(options);
  if (!xen.ok) return xen;
  const { platform, dom0 } = xen.value;
  const { keepOrphans, privDomid, eventTimeoutMs, quotas } = options;
  const daemon: Xenstored = createXenstored(
    {
      clock,
      xen: platform,
      soon: setImmediate,
      report: limitLines(clock, logs.info),
      control: (command) => runControl(daemon, logs, tracing, command),
    },
    { keepOrphans, privDomid, eventTimeoutMs, quotas },
  );
  const tracing: Tracing = createTracing(daemon, logs);
  if (options.traceFile !== undefined) {
    const traced = tracing.start();
    if (!traced.ok) logs.error(traced.error.what);
  }
  const servers: StreamServer[] = [];
  const failed = <T>(failure: T): T => {
    for (const each of servers) each.close();
    return failure;
  };
  // First: whoever sees the store's socket finds the other one, too.
  const trace = serveTrace(tracePathBeside(path), daemon.tap);
  if (trace.ok) servers.push(trace.value);
  const server = serveStreams(path, daemon.accept);
  if (!server.ok) return failed(server);
  servers.push(server.value);
  if (!trace.ok) logs.error(trace.error.what);
  const started = daemon.start(dom0);
  return started.ok ? ok({ daemon, servers, platform }) : failed(started);
}

/** A log in a folder that cannot be written is no reason to leave a host without its store. */
function anyLogs(foreground: boolean, traceFile: string | undefined): Logs {
  try {
    return openLogs(foreground, traceFile);
  } catch {
    return openLogs(true, traceFile);
  }
}

function serve(options: DaemonOptions): void {
  const background = inBackground();
  const logs = anyLogs(!background, options.traceFile);
  const running = start(options, logs);
  if (!running.ok) {
    logs.error(running.error.what);
    tellStarter(running.error.what);
    process.exit(1);
  }
  for (const line of options.ignored) logs.info(line);
  if (options.event !== undefined) logs.info('--event: the port of dom0 is asked of its kernel');
  const { daemon, servers, platform } = running.value;
  if (options.pidFile !== undefined) writeFileSync(options.pidFile, `${process.pid}\n`);
  const stop = (): void => {
    for (const server of servers) server.close();
    daemon.stop();
    platform?.close();
    if (options.pidFile !== undefined) rmSync(options.pidFile, { force: true });
    process.exit(0);
  };
  // A bug of ours: in the background nobody sees standard error.
  process.on('uncaughtException', (error) => {
    logs.error(error.stack ?? error.message);
    process.exit(1);
  });
  process.on('SIGHUP', logs.reopen);
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  process.title = 'xenstored';
  if (options.outputPid && !background) process.stdout.write(`${process.pid}\n`);
  logs.info(`serves ${xenstoreSocketPath()}${options.domains ? '' : ', without domains'}`);
  notifyReady();
  tellStarter();
}

async function main(words: readonly string[]): Promise<void> {
  const options = parseOptions(words);
  if (!options.ok) {
    process.stderr.write(`xenstored: ${options.error.what}\n`);
    process.exit(1);
  }
  if (options.value.help) {
    process.stdout.write(USAGE);
    return;
  }
  if (!options.value.fork || inBackground()) {
    serve(options.value);
    return;
  }
  const started = await startInBackground(words);
  if (typeof started === 'string') {
    process.stderr.write(`xenstored: ${started}\n`);
    process.exit(1);
  }
  if (options.value.outputPid) process.stdout.write(`${started}\n`);
  process.exit(0);
}

await main(process.argv.slice(2));
