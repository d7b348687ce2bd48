/** Event channels over a kernel of the test’s own; the suite of all platforms has a real one. */

import { expect, test } from 'vitest';
import { domid, port } from '../../core/ids.ts';
import { must } from '../../core/result.ts';
import { events } from './events.ts';
import type { Kernel } from './kernel.ts';

const ERRNO_ENOSPC = 28;

function fake() {
  const calls: string[] = [];
  const ports = new Uint32Array(8);
  const said = (what: string) => (of: number) => {
    calls.push(`${what} ${of}`);
    return 0;
  };
  const kernel = {
    ports,
    allocUnbound: (remote: number) => (remote === 9 ? -ERRNO_ENOSPC : 5),
    notify: said('notify'),
    unmask: said('unmask'),
    close: said('close'),
  } as Partial<Kernel> as Kernel;
  const made = events(kernel);
  /** The kernel takes these ports. */
  const raise = (...taken: number[]): void => {
    ports.set(taken);
    made.deliver(taken.length);
  };
  return { made, raise, calls };
}

test('events are counted, and all who wait learn of them in the order of asking', async () => {
  const { made, raise } = fake();
  const one = must(made.allocUnbound(domid(1)));
  const heard: string[] = [];
  const waits = ['a', 'b', 'c'].map((who) => made.wait(one, 0).then((n) => heard.push(who + n)));
  expect(made.isAwaited()).toBe(true);
  raise(one);
  expect(made.isAwaited()).toBe(false);
  await Promise.all(waits);
  expect(heard).toEqual(['a1', 'b1', 'c1']);
  raise(one, one);
  expect(await made.wait(one, 1)).toBe(3);
  const late = made.wait(one, 3);
  raise(one);
  expect(await late).toBe(4);
});

test('a port that is closed lets nobody wait, and its late events are nobody’s', async () => {
  const { made, raise, calls } = fake();
  const one = must(made.allocUnbound(domid(1)));
  const waits = [made.wait(one, 0), made.wait(one, 0)];
  made.notify(one);
  made.unmask(one);
  made.close(one);
  expect(calls).toEqual(['notify 5', 'unmask 5', 'close 5']);
  for (const wait of waits) await expect(wait).rejects.toMatchObject({ errno: 'EBADF' });
  expect(made.isAwaited()).toBe(false);
  raise(one);
  const again = must(made.allocUnbound(domid(1)));
  const wait = made.wait(again, 0);
  raise(again);
  expect(await wait).toBe(1);
});

test('what the kernel refuses is a failure; what was never bound is a bug', () => {
  const { made } = fake();
  expect(made.allocUnbound(domid(9))).toMatchObject({ ok: false, error: { errno: 'ENOSPC' } });
  expect(() => made.notify(port(3))).toThrow('port 3 is not bound');
});
