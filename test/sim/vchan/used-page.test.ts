/** A vchan that a client has left, while its server has not seen that or does not mind. */

import { expect, it } from 'vitest';
import { DOM0 } from '../../../shared/core/ids.ts';
import { must } from '../../../shared/core/result.ts';
import { createSim } from '../../../shared/platform/sim/sim.ts';
import { joinVchan } from '../../../shared/vchan/join.ts';
import { offerVchan } from '../../../shared/vchan/offer.ts';
import { readVchan, writeVchan } from '../../../shared/vchan/stream.ts';

const orders = { left: 12, right: 11 };

function scene() {
  const sim = createSim({ seed: 1 });
  const guest = sim.addGuest();
  const client = sim.platform(guest);
  const offered = must(offerVchan(sim.dom0, guest, orders));
  const join = (evenUsed: boolean) =>
    joinVchan(client, DOM0, offered.ringRef, offered.port, evenUsed);
  return { sim, offered, join };
}

it('is not joined: its server would take our bytes for the other client’s', () => {
  const { sim, offered, join } = scene();
  const first = must(join(false));
  writeVchan(first.end, new Uint8Array(100), 0, 100);
  first.release();
  const before = sim.baseline();
  expect(join(false)).toMatchObject({
    ...{ ok: false, error: { errno: 'ECONNREFUSED', what: expect.stringContaining('has had') } },
  });
  expect(sim.leaks(before)).toEqual([]);
  offered.release();
});

it('is joined by who wants that, where the rings stand', () => {
  const { offered, join } = scene();
  const first = must(join(false));
  const bytes = Uint8Array.from({ length: 100 }, (_, i) => i);
  writeVchan(first.end, bytes, 0, 60);
  writeVchan(offered.end, bytes, 0, 30);
  expect(readVchan(first.end, new Uint8Array(10), 0, 10)).toBe(10);
  first.release();
  const second = must(join(true));
  writeVchan(second.end, bytes, 60, 100);
  const into = new Uint8Array(200);
  expect(readVchan(offered.end, into, 0, 200)).toBe(100);
  expect(into.subarray(0, 100)).toEqual(bytes);
  expect(readVchan(second.end, into, 0, 200)).toBe(20);
  expect(into.subarray(0, 20)).toEqual(bytes.subarray(10, 30));
  second.release();
  offered.release();
});

it('is not joined once its server has left', () => {
  const { offered, join } = scene();
  must(join(false)).release();
  Atomics.store(offered.end.control.bytes, offered.end.ownLive, 0);
  expect(join(true)).toMatchObject({
    ...{ ok: false, error: { errno: 'ECONNREFUSED', what: expect.stringContaining('has left') } },
  });
  offered.release();
});
