/**
 * CONTROL's commands that concern the process: its trace, a report of its memory, a line for its
 * log.
 */

import { appendFileSync } from 'node:fs';
import { fail, ok, type Result } from '../../../shared/core/result.ts';
import type { HostCommand } from '../core/host.ts';
import type { Xenstored } from '../service.ts';
import type { Logs } from './logs.unix.ts';

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

/** The trace file: what it shows, and that it can be had again and again. */
export interface Tracing {
  start(): Result<void>;
  stop(): void;
}

export function createTracing(daemon: Xenstored, logs: Logs): Tracing {
  let end: (() => void) | undefined;
  const stop = (): void => {
    end?.();
    end = undefined;
    logs.closeTrace();
  };
  return {
    stop,
    start: () => {
      stop();
      const opened = logs.openTrace();
      if (!opened.ok) return opened;
      end = daemon.tap.show(opened.value);
      return ok();
    },
  };
}

export function runControl(
  daemon: Xenstored,
  logs: Logs,
  tracing: Tracing,
  command: HostCommand,
): Result<void> {
  switch (command.what) {
    case 'log':
      if (command.on) return logs.tracePath() === undefined ? ok() : tracing.start();
      tracing.stop();
      return ok();
    case 'logfile':
      logs.setTracePath(command.path);
      return tracing.start();
    case 'print':
      logs.info(`control: ${command.text}`);
      return ok();
    case 'memreport': {
      const path = command.path ?? logs.tracePath();
      if (path === undefined) return fail('EBADF', 'there is no trace file');
      try {
        appendFileSync(path, memoryReport(daemon));
        return ok();
      } catch (thrown) {
        return fail('EBADF', `cannot write ${path}: ${(thrown as Error).message}`);
      }
    }
  }
}
