/** Networks of a driver domain, for its back end: its own vifs, each for one who asks. */

import { fail, ok, type Result } from '../../shared/core/result.ts';
import type { NetLink } from '../../shared/platform/net-io.ts';
import { UPLINKS_MAX } from './core/limits.ts';
import { openUplink, type UplinkHost } from './device.ts';

export interface UplinksHost extends UplinkHost {
  /** Our own. */
  readonly domid: number;
}

export interface Uplinks {
  /**
   * The lowest that nobody has. EAGAIN: it is not connected yet; EBUSY: others have all; ENOENT:
   * this domain has none.
   */
  take(): Result<NetLink>;
  /** Nobody has it any more; what comes meanwhile waits in it. */
  giveBack(link: NetLink): void;
}

interface State {
  readonly host: UplinksHost;
  /** By the number of the device, those that are there, or on their way. */
  readonly links: Map<number, NetLink | 'awaited'>;
  readonly taken: Set<NetLink>;
}

function follow({ host, links }: State, number: number): void {
  if (links.has(number) || links.size >= UPLINKS_MAX) return;
  links.set(number, 'awaited');
  const path = `/local/domain/${host.domid}/device/vif/${number}`;
  void openUplink(host, path).then((device) => {
    if (device.ok) links.set(number, device.value.link);
    else {
      links.delete(number);
      host.log(`${path}: ${device.error.what}`);
    }
  });
}

/** Devices may have come since. */
async function look(state: State): Promise<void> {
  const { session, domid } = state.host;
  const names = await session.directory(`/local/domain/${domid}/device/vif`);
  if (!names.ok) return;
  for (const name of names.value) if (/^[0-9]{1,9}$/.test(name)) follow(state, Number(name));
}

function take(state: State): Result<NetLink> {
  const { links, taken } = state;
  const numbers = [...links.keys()].sort((a, b) => a - b);
  for (const number of numbers) {
    const link = links.get(number);
    if (link === undefined || link === 'awaited' || taken.has(link)) continue;
    taken.add(link);
    return ok(link);
  }
  void look(state);
  if (numbers.length === 0) return fail('ENOENT', 'this domain has no vif of its own yet');
  const isAwaited = numbers.some((number) => links.get(number) === 'awaited');
  return isAwaited
    ? fail('EAGAIN', 'the vif of this domain is not connected yet')
    : fail('EBUSY', 'each vif of this domain has a guest already');
}

export function openUplinks(host: UplinksHost): Uplinks {
  const state: State = { host, links: new Map(), taken: new Set() };
  void look(state);
  return {
    take: () => take(state),
    giveBack: (link) => void state.taken.delete(link),
  };
}
