/**
 * How many watch events changes would cause, asked before they are made: one that would cost more
 * than its author may ask of others, or than there is memory for, is refused as a whole.
 */

import type { WireError } from '../../../shared/xenstore/errors.ts';
import type { Connection } from './connection.ts';
import { type Changed, createAudience, type Judge } from './fire.ts';
import { EVENT_COST, EVENTS_PER_CHANGE } from './limits.ts';
import { eventCount } from './output.ts';
import type { Path } from './path.ts';
import { canHear, eventsMax } from './reply.ts';
import type { Request, State } from './state.ts';

/** So few events are not looked at one by one: they have room in what a store keeps back. */
const FEW_EVENTS = 64;

/** Calls `at` for each change until it returns false; see `fire` for what it is given. */
export type Changes = (at: (path: Path, exact: boolean, judge: Judge) => boolean) => void;

/** No fewer than the events of `changes`; stops counting beyond `enough`. */
function atMost(state: State, changes: Changes, enough: number): number {
  let sum = 0;
  changes((path, exact) => {
    sum += state.watches.countTo(path, exact);
    return sum <= enough;
  });
  return sum;
}

/** How many more events can be queued for a connection. */
function spaceOf(state: State, to: Connection): number {
  if (!canHear(state, to)) return 0;
  const { domain, privileged, output } = to;
  if (privileged || domain === undefined) return Number.POSITIVE_INFINITY;
  return eventsMax(state, domain) - eventCount(output);
}

/** The events of `changes` that would be queued, and their bytes; stops beyond `limit`. */
function count(state: State, changes: Changes, limit: number): { events: number; bytes: number } {
  let [events, bytes] = [0, 0];
  const mayKnow = createAudience(state);
  const space = new Map<Connection, number>();
  const spaceLeft = (to: Connection): number => {
    const left = space.get(to) ?? spaceOf(state, to);
    space.set(to, left);
    return left;
  };
  changes((path, exact, judge) => {
    let changed: Changed | undefined;
    const wants = (to: Connection): boolean => {
      if (spaceLeft(to) <= 0) return false;
      changed ??= judge();
      return mayKnow(to, changed);
    };
    for (const { connection, token } of state.watches.matching(path, exact, wants)) {
      const left = spaceLeft(connection);
      if (left <= 0) continue;
      space.set(connection, left - 1);
      events++;
      bytes += path.text.length + token.length + EVENT_COST;
    }
    return events <= limit;
  });
  return { events, bytes };
}

/**
 * ENOMEM if a request must not make these changes, which need `more` bytes beside their events.
 * dom0 and its like are refused only what there is no memory for.
 */
export function checkEvents(rq: Request, changes: Changes, more: number): WireError | undefined {
  const { state, connection } = rq;
  const { host, watches } = state;
  if (watches.size() === 0 || atMost(state, changes, FEW_EVENTS) <= FEW_EVENTS) {
    return more > 0 && host.hasRoom?.(more) === false ? 'ENOMEM' : undefined;
  }
  const limit = connection.privileged ? Number.POSITIVE_INFINITY : EVENTS_PER_CHANGE;
  const { events, bytes } = count(state, changes, limit);
  if (events <= limit && host.hasRoom?.(bytes + more) !== false) return undefined;
  const who = connection.domain === undefined ? 'a tool' : `domain ${connection.domid}`;
  const told = events > limit ? `over ${limit}` : `${events}`;
  host.report(`${who}: refused a change that ${told} events tell of`);
  return 'ENOMEM';
}
