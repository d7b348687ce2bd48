/**
 * What many changes at once tell their watchers: found before anything is changed, sent after it. A
 * request that would tell more than its author may ask of others, or than there is memory for, is
 * refused as a whole.
 */

import type { WireError } from '../../../shared/xenstore/errors.ts';
import { createAudience } from './audience.ts';
import type { Connection, Watch } from './connection.ts';
import { type Judge, sendTo } from './fire.ts';
import { EVENT_COST, EVENTS_PER_CHANGE } from './limits.ts';
import type { Path } from './path.ts';
import { eventsMax } from './reply.ts';
import type { Owed, Request, State } from './state.ts';
import { address, tell } from './told.ts';
import { isWaiting } from './waiting-events.ts';

/**
 * Calls `at` for each change until it returns false, in the order in which they are told. `exact`:
 * only to watches on just that path.
 */
export type Changes = (at: (path: Path, exact: boolean, judge: Judge) => boolean) => void;

export interface FanOut {
  events: number;
  bytes: number;
  readonly paths: string[];
  /** By path. */
  readonly watches: (readonly Watch[])[];
  /** Why it is not all. */
  short: 'events' | 'memory' | undefined;
}

/** What is kept of an event until it is sent. */
const PLAN_BYTES = 16;

/** How many more events can be queued for a connection. */
function spaceOf(to: Connection): number {
  const { domain, privileged, output } = to;
  if (privileged || domain === undefined) return Number.POSITIVE_INFINITY;
  return eventsMax(domain) - output.events.count;
}

/** So few events have room in what a store keeps back. */
const FEW_EVENTS = 64;

/**
 * The events that are to be queued, at most `limit`, and as many as there is memory for beside
 * `more` bytes: it stops looking where either ends.
 */
function planEvents(state: State, changes: Changes, limit: number, more: number): FanOut {
  const plan: FanOut = { events: 0, bytes: more, paths: [], watches: [], short: undefined };
  const { host } = state;
  const hasRoom = (): boolean => host.hasRoom?.(plan.bytes) !== false;
  if (more > 0 && !hasRoom()) return { ...plan, short: 'memory' };
  const audience = createAudience(state);
  const space = new Map<Connection, number>();
  const { told, watches } = state;

  /** Whether a watch is told of `told.path`: its reader has space, and no equal event waits. */
  const takes = ({ connection, prefix, token, hash }: Watch): boolean => {
    const left = space.get(connection) ?? spaceOf(connection);
    if (left <= 0) return false;
    if (connection.output.events.count > 0) {
      address(told, prefix, token, hash);
      if (isWaiting(connection.output.events, told)) return false;
    }
    space.set(connection, left - 1);
    if (left === 1) audience.deafen(connection);
    plan.bytes += told.path.length + token.length + EVENT_COST + PLAN_BYTES;
    return true;
  };
  changes((path, exact, judge) => {
    if (!watches.mayMatch(path)) return true;
    const found = watches.matching(path, exact, audience.wants(judge));
    if (found.length === 0) return true;
    tell(told, path.text, false);
    const taken = found.filter(takes);
    if (taken.length === 0) return true;
    plan.events += taken.length;
    plan.paths.push(path.text);
    plan.watches.push(taken);
    if (plan.events > limit) plan.short = 'events';
    else if (plan.events > FEW_EVENTS && !hasRoom()) plan.short = 'memory';
    return plan.short === undefined;
  });
  return plan;
}

/**
 * The events of what a request is about to change, which takes `more` bytes beside them; ENOMEM if
 * it must not. dom0 and its like are refused only what there is no memory for.
 */
export function mayFanOut(rq: Request, changes: Changes, more: number): FanOut | WireError {
  const { state, connection } = rq;
  const limit = connection.privileged ? Number.POSITIVE_INFINITY : EVENTS_PER_CHANGE;
  const plan = planEvents(state, changes, limit, more);
  if (plan.short === undefined) return plan;
  const who = connection.domain === undefined ? 'a tool' : `domain ${connection.domid}`;
  const why = plan.short === 'events' ? `over ${limit} events tell of` : 'there is no memory for';
  state.host.report(`${who}: refused a change that ${why}`);
  return 'ENOMEM';
}

/** The events of changes that nothing can hinder: as many as there is memory for. */
export function fanOut(state: State, changes: Changes): FanOut {
  const plan = planEvents(state, changes, Number.POSITIVE_INFINITY, 0);
  if (plan.short !== undefined) {
    state.host.report(`no memory: ${plan.events} events of a removal are sent, no more`);
  }
  return plan;
}

export function sendAll(state: State, owed: Owed | undefined, { paths, watches }: FanOut): void {
  for (let i = 0; i < paths.length; i++) {
    sendTo(state, owed, paths[i] as string, watches[i] as readonly Watch[]);
  }
}
