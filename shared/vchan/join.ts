/** The client's side of opening a vchan: it maps what the server granted. */

import { VCHAN_NOTIFY_WRITE, vchanInterface } from '../abi/vchan.ts';
import { type Domid, type Gref, gref, type Port } from '../core/ids.ts';
import { decode } from '../core/layout.ts';
import { fail, ok, type Result } from '../core/result.ts';
import type { Region } from '../platform/region.ts';
import { AWAITED, createEnd, LEFT, THERE } from './end.ts';
import { type Orders, orderFault, pagesOf } from './layout.ts';
import { type OpenedVchan, releaseIn, type VchanPorts } from './opened.ts';

interface Mapped {
  readonly left: Region | undefined;
  readonly right: Region | undefined;
}

/** References of the rings' own pages: copied, since the page is the server's. */
function referencesOf(control: Region, { left, right }: Orders): readonly Gref[] {
  const from = vchanInterface.size / 4;
  const words = control.words.slice(from, from + pagesOf(left) + pagesOf(right));
  return Array.from(words, (word) => gref(word >>> 0));
}

/** The rings' own pages; what we only read is mapped to read (init_gnt_cli @ RELEASE-4.17.0). */
function mapRings(
  { grants }: VchanPorts,
  server: Domid,
  control: Region,
  orders: Orders,
): Result<Mapped> {
  const references = referencesOf(control, orders);
  const split = pagesOf(orders.left);
  const map = (grefs: readonly Gref[], access: 'ro' | 'rw'): Result<Region | undefined> =>
    grefs.length === 0 ? ok(undefined) : grants.map(server, grefs, access);
  const left = map(references.slice(0, split), 'rw');
  if (!left.ok) return left;
  const right = map(references.slice(split), 'ro');
  if (right.ok) return ok({ left: left.value, right: right.value });
  if (left.value !== undefined) grants.unmap(left.value);
  return right;
}

/**
 * Binds the port first: who can is the only client. A page that another client has left is refused,
 * since its server may not have seen that yet, and would take our bytes for the other's; a server
 * of libxenvchan with `server_persist` wants nothing else (`evenUsed`). EINVAL if somebody else is
 * the client, or the numbers are old, EPROTO for a page that no server makes, ECONNREFUSED if the
 * server has left, or a client.
 */
export function joinVchan(
  ports: VchanPorts,
  server: Domid,
  ringRef: Gref,
  remotePort: Port,
  evenUsed = false,
): Result<OpenedVchan> {
  const { events, grants } = ports;
  const bound = events.bindInterdomain(server, remotePort);
  if (!bound.ok) return bound;
  const port = bound.value;
  const { cliLive, srvNotify } = vchanInterface.fields;
  const made = grants.map(server, [ringRef], 'rw', { at: cliLive.at, port });
  if (!made.ok) {
    events.close(port);
    return made;
  }
  const control = made.value;
  const joined = ((): Result<Mapped & { readonly orders: Orders }> => {
    const header = decode(vchanInterface, control.bytes.slice(0, vchanInterface.size));
    const orders = { left: header.leftOrder, right: header.rightOrder };
    const fault = orderFault(orders);
    if (fault !== undefined) return fail('EPROTO', `domain ${server} offers ${fault}`);
    if (header.srvLive === LEFT) {
      return fail('ECONNREFUSED', `the server in domain ${server} has left`);
    }
    if (header.cliLive !== AWAITED && !evenUsed) {
      return fail('ECONNREFUSED', `the vchan of domain ${server} has had its client`);
    }
    const rings = mapRings(ports, server, control, orders);
    return rings.ok ? ok({ ...rings.value, orders }) : rings;
  })();
  if (!joined.ok) {
    grants.unmap(control);
    events.close(port);
    return joined;
  }
  const { left, right, orders } = joined.value;
  const end = createEnd(false, { control, left, right }, orders, () => events.notify(port));
  Atomics.store(control.bytes, cliLive.at, THERE);
  Atomics.store(control.bytes, srvNotify.at, VCHAN_NOTIFY_WRITE);
  events.notify(port);
  const mapped = [left, right, control].filter((region) => region !== undefined);
  const letGo = mapped.map((region) => () => grants.unmap(region));
  return ok({ end, port, release: releaseIn(ports, end, port, letGo) });
}
