/**
 * CONTROL's commands that concern the process: its trace, a report of its memory, a line for its
 * log.
 */

import { fail, ok, type Result } from '../../../shared/core/result.ts';
import { appendTo } from '../../../shared/platform/unix/line-file.ts';
import type { HostCommand } from '../core/host.ts';
import type { Xenstored } from '../service.ts';
import type { Logs } from './logs.unix.ts';
import type { Tracing } from './tracing.unix.ts';

/** A line a number: what the process and the store hold. */
export function memoryReport({ store, sockets }: Xenstored): string {
  const { rss, heapUsed, heapTotal, external, arrayBuffers } = process.memoryUsage();
  const { state } = store;
  const rows: Readonly<Record<string, number>> = {
    rss,
    heapUsed,
    heapTotal,
    external,
    arrayBuffers,
    sockets: sockets(),
    domains: state.domains.size,
    connections: state.connections.size,
    transactions: state.openTransactions,
    generation: state.generation,
  };
  const lines = Object.entries(rows).map(([name, value]) => `${name.padEnd(14)}${value}\n`);
  for (const { domid, nodes, watches, outstanding, memory } of state.domains.values()) {
    const counts = `${nodes} nodes, ${watches} watches, ${outstanding} outstanding`;
    lines.push(`domain ${domid}: ${counts}, ${memory} bytes\n`);
  }
  return lines.join('');
}

function runControl(
  daemon: Xenstored,
  logs: Logs,
  tracing: Tracing,
  command: HostCommand,
): Result<void> {
  switch (command.what) {
    case 'log':
      if (command.on) return tracing.path() === undefined ? ok() : tracing.start();
      tracing.stop();
      return ok();
    case 'logfile':
      return tracing.start(command.path);
    case 'print':
      logs.info(`control: ${command.text}`);
      return ok();
    case 'memreport': {
      const path = command.path ?? tracing.path();
      if (path === undefined) return fail('EBADF', 'there is no trace file');
      return appendTo(path, memoryReport(daemon));
    }
  }
}

/** A refusal is an answer to who asked, and a line for who reads the log. */
export function control(
  daemon: Xenstored,
  logs: Logs,
  tracing: Tracing,
  command: HostCommand,
): Result<void> {
  const done = runControl(daemon, logs, tracing, command);
  if (!done.ok) logs.error(`control ${command.what}: ${done.error.what}`);
  return done;
}
