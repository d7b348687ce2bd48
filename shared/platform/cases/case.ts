/** What a case is, and what the platform under test must lend it. */

import type { Domid } from '../../core/ids.ts';
import type { Platform } from '../platform.ts';

/**
 * What not every place can do: `control`, create and destroy domains and map their memory (dom0);
 * `virq`, bind a global VIRQ.
 */
export type Need = 'control' | 'virq';

/** Where the suite runs. The caller makes one for each run. */
export interface CaseSetting {
  /** The domain under test, and its own domid. */
  readonly platform: Platform;
  readonly self: Domid;
  /** The other end of channels and grants: another domain, or the same one again (loopback). */
  readonly peer: Platform;
  readonly peerDomid: Domid;
  readonly offers: readonly Need[];
  /** Pages that the hypervisor's own allocator may keep for good; none if it is not given. */
  readonly slackPages?: number;
  /**
   * What is there now and was not before the suite, one line each. Asked after each case, and again
   * for a few seconds while it is not empty (a hypervisor scrubs, a kernel frees late).
   */
  leaks(): readonly string[];
}

export interface CaseContext extends CaseSetting {
  /** Runs `undo` when the case ends, however it ends; the last one first. */
  defer(undo: () => void): void;
}

export interface Case {
  /** A sentence about behaviour, unique in its group. */
  readonly name: string;
  readonly group: string;
  readonly needs?: readonly Need[];
  /** Throws if the platform fails the case. */
  run(ctx: CaseContext): Promise<void>;
}

type Body = (ctx: CaseContext) => Promise<void> | void;

/** A table of cases of one group: `group('events', { 'a sentence': async (ctx) => ... })`. */
export function group(
  name: string,
  bodies: Readonly<Record<string, Body>>,
  needs: readonly Need[] = [],
): readonly Case[] {
  return Object.entries(bodies).map(([sentence, body]) => ({
    name: sentence,
    group: name,
    needs,
    run: async (ctx) => body(ctx),
  }));
}
