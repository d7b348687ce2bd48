/** Domains that others cannot do without, and who those are. */

import { DOM0, type Domid, domid, isDomid } from '../../core/ids.ts';
import { ok, type Result } from '../../core/result.ts';
import type { DomainInfo } from '../../platform/domain-control.ts';
import type { XenstoreClient } from '../../xenstore/client.ts';
import { CLOSED, CLOSING, findDevices } from './devices.ts';
import type { BuildHost } from './host.ts';
import { domainPath } from './nodes.ts';
import { serviceDomid } from './store.ts';

/** Why a domain is not to be stopped. */
export interface Need {
  readonly why: string;
  /** Nobody can want that, whatever he says. */
  readonly always: boolean;
}

/** What the host itself does not outlive. */
export function hostNeeds(info: DomainInfo): Need | undefined {
  if (info.domid === DOM0) return { why: 'it is the host', always: true };
  if (!info.xsDomain) return undefined;
  // dom0's kernel turns to a xenstore once.
  const why = 'it serves xenstore, which nothing but a boot of the host starts again';
  return { why, always: true };
}

/** Who needs a domain that runs; undefined if nobody does. */
export async function neededBy(
  host: Pick<BuildHost, 'domainControl' | 'xenstore'>,
  info: DomainInfo,
): Promise<Result<Need | undefined>> {
  const vital = hostNeeds(info);
  if (vital !== undefined) return ok(vital);
  // Who has ended serves nobody.
  if (info.shutdown !== undefined || info.dying) return ok(undefined);
  const console = await serviceDomid(host.xenstore, '/tool/xenconsoled/domid');
  if (!console.ok) return console;
  if (console.value === info.domid) return ok({ why: 'it serves all consoles', always: false });
  const users = await usersOf(host, info.domid);
  if (!users.ok) return users;
  if (users.value.length === 0) return ok(undefined);
  return ok({ why: `it serves ${listed(users.value)}`, always: false });
}

/** Guests with a device that the domain serves, by name, with the kinds of device. */
async function usersOf(
  { domainControl, xenstore }: Pick<BuildHost, 'domainControl' | 'xenstore'>,
  server: Domid,
): Promise<Result<readonly string[]>> {
  const known = await xenstore.directory('/libxl');
  if (!known.ok) return known.error.errno === 'ENOENT' ? ok([]) : known;
  const users: string[] = [];
  for (const guest of known.value.map(Number).filter(isDomid).map(domid)) {
    const info = domainControl.getInfo(guest);
    if (!info.ok || info.value.dying || info.value.shutdown !== undefined) continue;
    const kinds = await kindsServed(xenstore, guest, server);
    if (!kinds.ok) return kinds;
    if (kinds.value.length === 0) continue;
    const name = await xenstore.readString(`${domainPath(guest)}/name`);
    users.push(`${name.ok ? name.value : `domain ${guest}`} (${kinds.value.join(', ')})`);
  }
  return ok(users);
}

async function kindsServed(
  store: XenstoreClient,
  guest: Domid,
  server: Domid,
): Promise<Result<readonly string[]>> {
  const devices = await findDevices(store, guest);
  if (!devices.ok) return devices;
  const kinds = new Set<string>();
  for (const { kind, backend } of devices.value) {
    if (!backend.startsWith(`${domainPath(server)}/`)) continue;
    const state = await store.readString(`${backend}/state`);
    if (state.ok && state.value !== CLOSING && state.value !== CLOSED) kinds.add(kind);
  }
  return ok([...kinds]);
}

/** Users that a message names. */
const NAMED = 5;

function listed(users: readonly string[]): string {
  const more = users.length - NAMED;
  return `${users.slice(0, NAMED).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}
