/**
 * The daemon over its ports: sockets, rings, the hypervisor's news and time go in, the store does
 * the rest. The same on a Unix host, in a stub domain and in the simulator.
 */

import { VIRQ_DOM_EXC } from '../../shared/abi/xen.ts';
import type { Port } from '../../shared/core/ids.ts';
import { ok, type Result } from '../../shared/core/result.ts';
import type { Clock } from '../../shared/platform/clock.ts';
import type { HostCommand } from './core/host.ts';
import type { StoreOptions } from './core/state.ts';
import { createStore, type Store } from './core/store.ts';
import { askedStatus, listDomains, statusOf } from './domains.ts';
import { findRing } from './found.ts';
import { INFO_RETRY_MS, UNREAD_LOOK_MS } from './limits.ts';
import type { RingParts } from './ring.ts';
import { createRings, type Rings } from './rings.ts';
import { createSockets, type Sockets } from './sockets.ts';
import type { Stream, StreamOwner } from './stream.ts';
import { createTap, type Tap } from './tap.ts';
import { createXenHost, type XenPorts } from './xen-host.ts';

export interface XenstoredHost {
  readonly clock: Clock;
  /** None: only sockets are served, and there is no domain but this one. */
  readonly xen: XenPorts | undefined;
  /** Calls `run` once, after all that is ready now was served. */
  soon(run: () => void): void;
  report(line: string): void;
  /** False when memory runs low; without it there is always room. */
  readonly hasRoom?: (bytes?: number) => boolean;
  /** CONTROL log, logfile, memreport and print. */
  control(command: HostCommand): Result<void>;
}

export interface Xenstored {
  readonly store: Store;
  readonly tap: Tap;
  /**
   * Listens to the hypervisor: dom0's own ring if it has one, domains that run already, and those
   * that come. Fails if VIRQ_DOM_EXC cannot be had: another xenstored has it.
   */
  start(dom0: RingParts | undefined): Result<void>;
  /** Serves a connected socket of dom0. */
  accept(stream: Stream): StreamOwner;
  /** How many sockets are connected. */
  sockets(): number;
  stop(): void;
}

interface Parts {
  readonly host: XenstoredHost;
  readonly store: Store;
  readonly time: BatchTime;
  readonly sockets: Sockets;
  readonly rings: Rings | undefined;
  flush(): void;
}

interface Look {
  now(): void;
  stop(): void;
}

/**
 * Asks about all domains; again a little later if the hypervisor gives no answer. One by one where
 * it gives none to such a question: to a xenstore domain, or of an unknown sysctl interface.
 */
function createLook({ host, store, time, flush }: Parts, { domainControl }: XenPorts): Look {
  let cancel: (() => void) | undefined;
  const now = (): void => {
    cancel?.();
    cancel = undefined;
    time.begin();
    const infos = listDomains(domainControl);
    if (infos.ok || infos.error.errno === 'EPERM' || infos.error.errno === 'EACCES') {
      store.checkDomains(infos.ok ? statusOf(infos.value) : askedStatus(domainControl));
      flush();
      return;
    }
    host.report(`cannot list the domains: ${infos.error.what}`);
    cancel = host.clock.after(INFO_RETRY_MS, now);
  };
  return { now, stop: () => cancel?.() };
}

/** VIRQ_DOM_EXC tells that some domain has shut down or died, not which. */
function watchDomains(look: Look, { events }: XenPorts, virq: Port): void {
  events.listen(virq, () => {
    events.unmask(virq);
    look.now();
  });
}

/** Serves domains that run already. A xenstore domain starts before all others. */
function adopt({ host, store, rings }: Parts, xen: XenPorts): void {
  const infos = listDomains(xen.domainControl);
  if (!infos.ok) {
    if (infos.error.errno === 'EPERM') return;
    host.report(`cannot list the domains: ${infos.error.what}`);
    return;
  }
  for (const info of infos.value) {
    const found = findRing(xen, info);
    if (!found.ok) continue;
    rings?.add(store.introduce(info.domid), found.value, false);
    host.report(`domain ${info.domid}: found running`);
  }
}

/** The time of all that is handled together: one look at the clock, if anything depends on it. */
interface BatchTime {
  nowMs(): number;
  /** What comes is another batch. */
  begin(): void;
}

function createBatchTime(clock: Clock): BatchTime {
  let ms: number | undefined;
  return {
    nowMs: () => {
      ms ??= clock.nowMs();
      return ms;
    },
    begin: () => {
      ms = undefined;
    },
  };
}

/** Drops what was left unread for too long; looks only while there may be such. */
function createExpiry(clock: Clock, { begin }: BatchTime, store: Store, flush: () => void) {
  let cancel: (() => void) | undefined;
  const plan = (): void => {
    cancel ??= clock.after(UNREAD_LOOK_MS, () => {
      cancel = undefined;
      begin();
      store.expire();
      flush();
      if (store.nextDeadlineMs() < Number.POSITIVE_INFINITY) plan();
    });
  };
  return { plan, stop: () => cancel?.() };
}

export function createXenstored(
  host: XenstoredHost,
  options: Omit<StoreOptions, 'host'>,
): Xenstored {
  const { clock, xen, report, soon, control, hasRoom } = host;
  let rings: Rings | undefined;
  const time = createBatchTime(clock);
  const { nowMs, begin } = time;
  const storeHost = createXenHost({ nowMs, xen, rings: () => rings, report, control, hasRoom });
  const store = createStore({ ...options, host: storeHost });
  const tap = createTap(clock, () => store.state.connections);
  const flush = (): void => {
    store.flush();
    rings?.settle();
  };
  const expiry = createExpiry(clock, time, store, flush);
  if (xen !== undefined) {
    const { events } = xen;
    rings = createRings({
      store,
      tap,
      clock,
      events,
      soon,
      begin,
      flush,
      unread: expiry.plan,
      report,
    });
  }
  const sockets = createSockets({ store, tap, begin, flush });
  const parts: Parts = { host, store, time, sockets, rings, flush };
  let virq: Port | undefined;
  let look: Look | undefined;
  return {
    store,
    tap,
    start: (dom0) => {
      if (xen === undefined) return ok();
      const bound = xen.events.bindVirq(VIRQ_DOM_EXC);
      if (!bound.ok) return bound;
      virq = bound.value;
      look = createLook(parts, xen);
      watchDomains(look, xen, virq);
      begin();
      if (dom0 !== undefined) rings?.add(store.dom0, dom0, false);
      adopt(parts, xen);
      flush();
      return ok();
    },
    accept: sockets.accept,
    sockets: sockets.count,
    stop: () => {
      expiry.stop();
      look?.stop();
      sockets.closeAll();
      rings?.closeAll();
      if (virq !== undefined) xen?.events.close(virq);
    },
  };
}
