/** A back end as a driver domain: its platform, the store, and a log, or a crash that is seen. */

import { ok, type Result } from '../core/result.ts';
import type { Clock } from '../platform/clock.ts';
import { type Log, openLog } from '../platform/stubdom/log.ts';
import { openStubdom, type StubdomPlatform } from '../platform/stubdom/platform.ts';
import { shutdown } from '../platform/stubdom/shutdown.ts';
import { openStorePage } from '../platform/stubdom/store-page.ts';
import { xenstoreLink } from '../ring/xenstore-ring.ts';
import { openXenstoreSession, type XenstoreSession } from '../xenstore/session.ts';

/** Until a request to the store that is not answered counts as failed. */
const STORE_DEADLINE_MS = 10_000;

/** Between questions to the store, whether it was started anew meanwhile. */
const STORE_ASK_MS = 2000;

export interface DriverDomain {
  readonly platform: StubdomPlatform;
  readonly session: XenstoreSession;
  readonly log: Log;
}

/** The store, by the page that the domain was made with, whoever serves it. */
function openSession(platform: StubdomPlatform): Result<XenstoreSession> {
  const page = openStorePage(platform);
  if (!page.ok) return page;
  const { events, clock } = platform;
  const { connect } = xenstoreLink({ events, ...page.value }, clock);
  return ok(
    openXenstoreSession({ connect, clock, deadlineMs: STORE_DEADLINE_MS, askMs: STORE_ASK_MS }),
  );
}

/** What all back ends have of a driver domain. */
export function driverDomainHost(clock: Clock) {
  return {
    clock,
    // After what is ready now, and what is due.
    soon: (run: () => void): void => void clock.after(0, run),
    // Neither does Xen tell a driver domain: its frontends are known by their rings alone.
    uniqueId: (): bigint => 0n,
    isGone: (): boolean => false,
    isOurs: async (): Promise<boolean> => true,
  };
}

/** Runs until the domain is destroyed. */
export function runDriverDomain(start: (domain: DriverDomain) => Result<void> | void): void {
  const platform = openStubdom();
  const log = openLog(platform.kernel);
  const session = openSession(platform);
  const started = session.ok ? (start({ platform, session: session.value, log }) ?? ok()) : session;
  if (started.ok) return;
  log.error(started.error.what, { errno: started.error.errno });
  shutdown(platform.kernel, 'crash');
}
