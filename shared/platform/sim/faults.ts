/** Faults on demand: calls that fail, events that go astray, memory that is not there. */

import { assert } from '../../core/assert.ts';
import type { Errno } from '../../core/errno.ts';
import type { Domid } from '../../core/ids.ts';
import type { Prng } from '../../core/prng.ts';
import type { HostMemory } from './host-memory.ts';

/**
 * What can fail for a reason outside us. An `events.notify` that fails is an event that is lost;
 * `grants.copy` is a batch that is run.
 */
export const FALLIBLE = [
  'events.allocUnbound',
  'events.bindInterdomain',
  'events.bindVirq',
  'events.notify',
  'grants.offer',
  'grants.map',
  'grants.batch',
  'grants.copy',
  'memory.pages',
  'memory.mapForeign',
  'memory.mapGrantTable',
  'domainControl.version',
  'domainControl.physInfo',
  'domainControl.createDomain',
  'domainControl.setUuid',
  'domainControl.destroyDomain',
  'domainControl.pause',
  'domainControl.unpause',
  'domainControl.maxVcpus',
  'domainControl.setMaxMem',
  'domainControl.setPagingMempool',
  'domainControl.getInfo',
  'domainControl.uniqueId',
  'domainControl.listInfo',
  'domainControl.populatePhysmap',
  'domainControl.setMemoryMap',
  'domainControl.setHvmParam',
  'domainControl.getHvmParam',
  'domainControl.getHvmContext',
  'domainControl.setHvmContext',
  'domainControl.allocUnbound',
  'domainControl.setVirqHandler',
] as const;

export type FallibleOp = (typeof FALLIBLE)[number];

export interface FailPlan {
  /** Which call fails, counted from this plan on: 1, the default, is the next. */
  readonly nth?: number;
  /** How many calls in a row fail; 1. */
  readonly times?: number;
  /** EIO. */
  readonly errno?: Errno;
  /** Only calls made by this domain count. */
  readonly domid?: Domid;
}

/** Probabilities in [0, 1], drawn for each event that is raised. */
export interface EventRates {
  readonly lost: number;
  readonly duplicated: number;
  readonly late: number;
  /** How late a late event is at most. */
  readonly lateMs: number;
}

export interface Faults {
  /** Makes calls of `op` fail (`domainControl.populatePhysmap`). */
  fail(op: FallibleOp, plan?: FailPlan): void;
  /** Calls of an op so far, by anybody, failed or not. */
  calls(op: FallibleOp): number;
  events(rates: Partial<EventRates>): void;
  /** From now on at most `pages` of the host's memory are free. */
  exhaust(pages: number): void;
  /** From now on no free piece of memory is larger than 2^order pages. */
  fragment(order: number): void;
  /** No faults any more. */
  clear(): void;
}

interface EventFate {
  readonly lost: boolean;
  /** Deliveries too many. */
  readonly extra: number;
  readonly lateNs: number;
}

/** Faults as their user sees them, and as the simulation asks for them. */
export interface FaultBook extends Faults {
  /** Counts the call; the errno if it must fail. */
  strike(op: string, caller: Domid): Errno | undefined;
  eventFate(rng: Prng): EventFate;
}

const NO_EVENT_FAULTS: EventRates = { lost: 0, duplicated: 0, late: 0, lateMs: 0 };
const ON_TIME: EventFate = { lost: false, extra: 0, lateNs: 0 };

export function faultBook(memory: HostMemory): FaultBook {
  const counts = new Map<string, number>();
  let plans: { op: string; skip: number; left: number; plan: FailPlan }[] = [];
  let rates = NO_EVENT_FAULTS;
  return {
    fail(op, plan = {}) {
      const { nth = 1, times = 1 } = plan;
      assert(nth >= 1 && times >= 1, `call ${nth}, ${times} times`);
      plans.push({ op, skip: nth - 1, left: times, plan });
    },
    calls: (op) => counts.get(op) ?? 0,
    events(changes) {
      rates = { ...rates, ...changes };
    },
    exhaust: memory.leaveFree,
    fragment: memory.largestOrder,
    clear() {
      plans = [];
      rates = NO_EVENT_FAULTS;
      memory.leaveFree(undefined);
      memory.largestOrder(undefined);
    },
    strike(op, caller) {
      counts.set(op, (counts.get(op) ?? 0) + 1);
      let errno: Errno | undefined;
      for (const entry of plans) {
        const { domid } = entry.plan;
        if (entry.op !== op || (domid !== undefined && domid !== caller)) continue;
        if (entry.skip > 0) entry.skip--;
        else if (entry.left > 0) {
          entry.left--;
          errno ??= entry.plan.errno ?? 'EIO';
        }
      }
      return errno;
    },
    eventFate(rng) {
      if (rates === NO_EVENT_FAULTS) return ON_TIME;
      return {
        lost: rng.chance(rates.lost),
        extra: rng.chance(rates.duplicated) ? 1 : 0,
        lateNs: rng.chance(rates.late) ? rng.below(Math.round(rates.lateMs * 1e6)) : 0,
      };
    },
  };
}
