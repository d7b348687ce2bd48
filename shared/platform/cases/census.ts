/** What a platform can tell about what is left, through its ports alone. */

import type { Domid } from '../../core/ids.ts';
import type { Platform } from '../platform.ts';
import type { Need } from './case.ts';

interface Count {
  readonly port: number;
  readonly freePages: number;
  readonly domains: readonly number[];
}

/**
 * Takes stock now; the returned function lists what is left since then: a port (the lowest free one
 * is another), memory that is not free but for the slack, domains. For platforms that know no more
 * about themselves.
 */
export function census(
  platform: Platform,
  self: Domid,
  offers: readonly Need[],
  slackPages = 0,
): () => readonly string[] {
  const before = count(platform, self, offers);
  return () => {
    const now = count(platform, self, offers);
    const left = now.domains
      .filter((domid) => !before.domains.includes(domid))
      .map((domid) => `domain ${domid}`);
    if (now.freePages < before.freePages - slackPages)
      left.push(`${before.freePages - now.freePages} pages`);
    if (now.port > before.port) left.push(`ports up to ${now.port - 1}`);
    return left;
  };
}

function count(platform: Platform, self: Domid, offers: readonly Need[]): Count {
  const { events, domainControl } = platform;
  const probe = events.allocUnbound(self);
  if (probe.ok) events.close(probe.value);
  const port = probe.ok ? probe.value : Number.POSITIVE_INFINITY;
  if (!offers.includes('control')) return { port, freePages: 0, domains: [] };
  const info = domainControl.physInfo();
  const list = domainControl.listInfo(0, 1000);
  return {
    port,
    freePages: info.ok ? info.value.freePages : 0,
    domains: list.ok ? list.value.map((domain) => domain.domid) : [],
  };
}
