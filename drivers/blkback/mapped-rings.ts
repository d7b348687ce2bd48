/** The rings of a frontend as we have them: ports bound, pages mapped. */

import { type Domid, gref, type Port, port } from '../../shared/core/ids.ts';
import { ok, type Result } from '../../shared/core/result.ts';
import type { Events } from '../../shared/platform/events.ts';
import type { Grants } from '../../shared/platform/grants.ts';
import { partsOf, type Region } from '../../shared/platform/region.ts';
import type { RingKeys } from './keys.ts';

interface MapHost {
  readonly events: Pick<Events, 'bindInterdomain' | 'close'>;
  readonly grants: Pick<Grants, 'map' | 'unmap'>;
}

/** One of each for every ring. */
export interface MappedRings {
  readonly ports: readonly Port[];
  readonly rings: readonly Region[];
  undo(): void;
}

/**
 * Binds all ports, and then maps all rings in one call: a predecessor that serves a ring still has
 * its port, so that the bound port says that nobody else writes there (event_channel.c @
 * RELEASE-4.17.0).
 */
export function mapRings(
  { events, grants }: MapHost,
  domid: Domid,
  rings: readonly RingKeys[],
): Result<MappedRings> {
  const ports: Port[] = [];
  const unbind = (): void => {
    for (const each of ports) events.close(each);
  };
  for (const { eventChannel } of rings) {
    const bound = events.bindInterdomain(domid, port(eventChannel));
    if (!bound.ok) {
      unbind();
      return bound;
    }
    ports.push(bound.value);
  }
  const refs = rings.flatMap(({ ringRefs }) => ringRefs.map(gref));
  const mapped = grants.map(domid, refs, 'rw');
  if (!mapped.ok) {
    unbind();
    return mapped;
  }
  const parts = partsOf(
    mapped.value,
    rings.map(({ ringRefs }) => ringRefs.length),
  );
  const undo = (): void => {
    unbind();
    parts.end();
    grants.unmap(mapped.value);
  };
  return ok({ ports, rings: parts.all, undo });
}
