/** A guest's disks, which come and go, as Linux's xen-blkfront has them (@ v6.12). */

import type { Domid } from '../../shared/core/ids.ts';
import { must } from '../../shared/core/result.ts';
import type { XenstoreClient } from '../../shared/xenstore/client.ts';
import { createXenstoreClient } from '../../shared/xenstore/client.ts';
import type { Machine } from '../../toolstack-cli/testing/sim-host.ts';
import { createFront, type Front } from './blk/front.ts';

export interface GuestDisk {
  readonly front: Front;
  /** In sectors, as the guest knows it. */
  capacity: number;
  /** How often it was told of one. */
  told: number;
}

export interface GuestDisks {
  /** Those that it has, by number. */
  readonly disks: ReadonlyMap<number, GuestDisk>;
  /** It does not let go of any. */
  isHolding: boolean;
  /** It does not look at new ones. */
  isBlind: boolean;
}

type State = { -readonly [K in keyof GuestDisks]: GuestDisks[K] } & {
  readonly disks: Map<number, GuestDisk>;
};

/** One disk, from its first state to its end. */
async function drive(
  { sim }: Machine,
  client: XenstoreClient,
  domid: Domid,
  device: number,
  guest: State,
): Promise<void> {
  const path = `/local/domain/${domid}/device/vbd/${device}`;
  const back = must(await client.readString(`${path}/backend`));
  const watch = must(await client.watch(`${back}/state`));
  const own = async () => {
    const state = await client.readString(`${path}/state`);
    return state.ok ? state.value : undefined;
  };
  let disk: GuestDisk | undefined;
  for await (const _ of watch) {
    const theirs = await client.readString(`${back}/state`);
    const state = await own();
    if (state === undefined) {
      guest.disks.delete(device);
      break;
    }
    if (!theirs.ok || theirs.value === '5' || theirs.value === '6') {
      if (guest.isHolding) continue;
      guest.disks.delete(device);
      await disk?.front.setState(6);
      break;
    }
    if (theirs.value === '2' && state === '1' && !guest.isBlind) {
      disk = { front: createFront(sim.platform(domid), client, path), capacity: 0, told: 0 };
      await disk.front.offer();
      await disk.front.setState(3);
    }
    if (theirs.value !== '4' || disk === undefined) continue;
    disk.capacity = Number(must(await client.readString(`${back}/sectors`)));
    disk.told++;
    guest.disks.set(device, disk);
    if (state === '3') await disk.front.setState(4);
  }
  await watch.return();
}

/** Takes the disks that there are, and those that come. */
export function plugDisks(machine: Machine, domid: Domid): GuestDisks {
  const client = createXenstoreClient(machine.connectStore());
  const guest: State = { disks: new Map(), isHolding: false, isBlind: false };
  const driven = new Set<number>();
  const top = `/local/domain/${domid}/device/vbd`;
  const look = async (): Promise<void> => {
    const names = await client.directory(top);
    for (const device of names.ok ? names.value.map(Number) : []) {
      const there = await client.exists(`${top}/${device}/backend`);
      if (driven.has(device) || !there.ok || !there.value) continue;
      driven.add(device);
      void drive(machine, client, domid, device, guest).finally(() => driven.delete(device));
    }
  };
  void (async () => {
    for await (const _ of must(await client.watch(top))) await look();
  })();
  return guest;
}
