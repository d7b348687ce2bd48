/** The server's side of opening a vchan: it grants the pages and the port. */

import { VCHAN_NOTIFY_WRITE, vchanInterface } from '../abi/vchan.ts';
import { assert } from '../core/assert.ts';
import type { Domid, Gref } from '../core/ids.ts';
import { encode } from '../core/layout.ts';
import { ok, type Result } from '../core/result.ts';
import type { Offer } from '../platform/grants.ts';
import { AWAITED, createEnd, THERE } from './end.ts';
import { type Orders, orderFault, pagesOf } from './layout.ts';
import { type OpenedVchan, releaseIn, type VchanPorts } from './opened.ts';

export interface OfferedVchan extends OpenedVchan {
  /** Of the shared page. */
  readonly ringRef: Gref;
}

/**
 * Pages and a port for `client`, as libxenvchan's init_gnt_srv leaves them (init.c @
 * RELEASE-4.17.0). Nobody knows of them before their numbers are in the store, so that who finds
 * those finds a page that is complete. ENOSPC, ENOMEM.
 */
export function offerVchan(ports: VchanPorts, client: Domid, orders: Orders): Result<OfferedVchan> {
  const fault = orderFault(orders);
  assert(fault === undefined, `a vchan has ${fault}`);
  const { events, grants } = ports;
  const port = events.allocUnbound(client);
  if (!port.ok) return port;
  const offers: Offer[] = [];
  const undo = (): void => {
    for (const offer of offers.reverse()) grants.revoke(offer);
    events.close(port.value);
  };
  const { srvLive } = vchanInterface.fields;
  const control = grants.offer(client, 1, 'rw', { at: srvLive.at, port: port.value });
  if (!control.ok) {
    undo();
    return control;
  }
  offers.push(control.value);
  const { region } = control.value;
  encode(vchanInterface, region.bytes, 0, {
    leftOrder: orders.left,
    rightOrder: orders.right,
    cliLive: AWAITED,
    srvLive: THERE,
    cliNotify: VCHAN_NOTIFY_WRITE,
  });
  let referenceWord = vchanInterface.size / 4;
  const own: Offer[] = [];
  for (const order of [orders.left, orders.right]) {
    if (pagesOf(order) === 0) continue;
    const data = grants.offer(client, pagesOf(order), 'rw');
    if (!data.ok) {
      undo();
      return data;
    }
    offers.push(data.value);
    own.push(data.value);
    for (const gref of data.value.grefs) region.words[referenceWord++] = gref;
  }
  const left = pagesOf(orders.left) > 0 ? own.shift()?.region : undefined;
  const pages = { control: region, left, right: own[0]?.region };
  const end = createEnd(true, pages, orders, () => events.notify(port.value));
  const letGo = offers.reverse().map((offer) => () => grants.revoke(offer));
  return ok({
    end,
    port: port.value,
    ringRef: control.value.grefs[0] as Gref,
    release: releaseIn(ports, end, port.value, letGo),
  });
}
