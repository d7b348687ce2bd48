/**
 * Who is told of changes, where many are made at once: those with the same permissions are judged
 * once.
 */

import type { Connection } from './connection.ts';
import { type Changed, type Judge, mayKnow, type Protected } from './fire.ts';
import { canHear } from './reply.ts';
import type { State } from './state.ts';

export interface Audience {
  /** Whom a change is told to; it is looked at when there is somebody to ask about. */
  wants(judge: Judge): (to: Connection) => boolean;
  /** A connection is told nothing more. */
  deafen(to: Connection): void;
}

const isSame = (a: Protected | undefined, b: Protected | undefined): boolean =>
  a?.perms === b?.perms;

export function createAudience(state: State): Audience {
  let last: Changed = { node: undefined, parent: undefined, old: undefined };
  const judged = new Map<Connection, boolean>();
  const deaf = new Set<Connection>();

  const look = (changed: Changed): void => {
    const { node, parent, old } = last;
    const same = isSame(changed.node, node) && isSame(changed.parent, parent);
    if (!same || !isSame(changed.old, old)) judged.clear();
    last = changed;
  };
  return {
    wants: (judge) => {
      let looked = false;
      return (to) => {
        if (!looked) look(judge());
        looked = true;
        let wants = judged.get(to);
        if (wants === undefined) {
          wants = !deaf.has(to) && canHear(state, to) && mayKnow(state, to, last);
          judged.set(to, wants);
        }
        return wants;
      };
    },
    deafen: (to) => {
      deaf.add(to);
      judged.set(to, false);
    },
  };
}
