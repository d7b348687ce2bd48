/**
 * A host without a hypervisor: domains exist while a set says so, and rings are somebody else's.
 */

import { ok } from '../../shared/core/result.ts';
import type { HostCommand, StoreHost } from './core/host.ts';

export interface SimpleHost extends StoreHost {
  hasRoom?: (bytes?: number) => boolean;
  /** What it says that the time is. */
  timeMs: number;
  /** Domains that exist, introduced or not. */
  readonly domains: Set<number>;
  /** What was reported, the last lines. */
  readonly lines: string[];
  /** What CONTROL asked for. */
  readonly commands: HostCommand[];
}

const LINES_MAX = 1000;

export function createSimpleHost(domains: Iterable<number> = []): SimpleHost {
  const known = new Set(domains);
  const lines: string[] = [];
  const commands: HostCommand[] = [];
  const host: SimpleHost = {
    timeMs: 0,
    nowMs: () => host.timeMs,
    domains: known,
    lines,
    commands,
    domainExists: (domid) => known.has(domid),
    introduce: (connection) => {
      known.add(connection.domid);
      return ok();
    },
    reintroduce: () => {},
    released: () => {},
    report: (line) => {
      lines.push(line);
      if (lines.length > LINES_MAX) lines.shift();
    },
    control: (command) => {
      commands.push(command);
      return ok();
    },
  };
  return host;
}
