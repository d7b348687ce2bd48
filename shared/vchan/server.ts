/** The server of a vchan: offers it under a path of the store, to one client. */

import type { Domid } from '../core/ids.ts';
import { type Failure, ok, type Result } from '../core/result.ts';
import type { Clock } from '../platform/clock.ts';
import { publishKeys, type VchanKeys, type VchanStore, withdrawKeys } from './keys.ts';
import { ordersFor } from './layout.ts';
import { OFFER_PAUSE_MS, OFFER_RETRY_MS } from './limits.ts';
import { offerVchan } from './offer.ts';
import type { VchanPorts } from './opened.ts';
import { createVchan, type Vchan } from './vchan.ts';

export interface VchanServerOptions extends VchanPorts {
  readonly store: VchanStore;
  /** `/local/domain/SERVER/data/vchan/CLIENT/NAME`, or any that both may use. */
  readonly path: string;
  readonly client: Domid;
  /** Bytes that the rings have at least, up to 1 MiB. */
  readonly readMin: number;
  readonly writeMin: number;
}

export interface ServedVchan extends Vchan {
  /** Closes it and takes the keys back, if they are still its own. */
  withdraw(): Promise<Result<void>>;
}

/**
 * Offers a vchan; what another server has offered at the path is not found any more. Bytes may be
 * written before the client comes. EINVAL for sizes, ENOSPC, the store's errors.
 */
export async function openVchanServer(options: VchanServerOptions): Promise<Result<ServedVchan>> {
  const { events, store, path, client } = options;
  const orders = ordersFor(options.readMin, options.writeMin);
  if (!orders.ok) return orders;
  const offered = offerVchan(options, client, orders.value);
  if (!offered.ok) return offered;
  const keys: VchanKeys = { ringRef: offered.value.ringRef, port: offered.value.port };
  const vchan = createVchan(events, offered.value, `the client in domain ${client}`);
  const published = await publishKeys(store, path, client, keys);
  if (!published.ok) {
    vchan.close(published.error);
    return published;
  }
  const withdraw = (): Promise<Result<void>> => {
    vchan.close();
    return withdrawKeys(store, path, keys);
  };
  return ok({ ...vchan, withdraw });
}

export interface VchanServiceOptions extends VchanServerOptions {
  readonly clock: Clock;
}

export interface VchanService {
  /** Ends the vchan that there is, and takes its keys back. */
  close(): Promise<void>;
}

/**
 * Serves one client after the other at one path, each with pages of its own: nothing that one has
 * left in a ring reaches the next, and a client that was slow to go has no hold of what the next
 * one uses. `accept` gets each that has come; the next offer is made once that was closed or its
 * client has left. `failed` is told when no offer could be made; another one is tried a while
 * later.
 */
export function serveVchans(
  options: VchanServiceOptions,
  accept: (vchan: Vchan) => void,
  failed: (why: Failure) => void,
): VchanService {
  let isOpen = true;
  let current: ServedVchan | undefined;
  const run = async (): Promise<void> => {
    while (isOpen) {
      const opened = await openVchanServer(options);
      if (!opened.ok) {
        failed(opened.error);
        await options.clock.sleep(OFFER_RETRY_MS);
        continue;
      }
      current = opened.value;
      if (!isOpen) return void (await current.withdraw());
      await current.joined;
      if (!isOpen) return;
      accept(current);
      await current.ended;
      await options.clock.sleep(OFFER_PAUSE_MS);
    }
  };
  const running = run();
  return {
    close: async () => {
      isOpen = false;
      if (current !== undefined) await current.withdraw();
      await running;
    },
  };
}
