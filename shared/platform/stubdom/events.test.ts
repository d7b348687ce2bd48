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

test('each event is told at once to who listens; of earlier ones, that there were', async () => {
  const { made, raise } = fake();
  const one = must(made.allocUnbound(domid(1)));
  raise(one, one);
  let heard = 0;
  expect(made.isAwaited()).toBe(false);
  made.listen(one, () => heard++);
  expect([made.isAwaited(), heard]).toEqual([true, 0]);
  await undefined;
  expect(heard).toBe(1);
  raise(one, one);
  expect(heard).toBe(3);
  expect(() => made.listen(one, () => {})).toThrow('port 5 has a listener already');
});

test('a port that is closed tells its listener so, and its late events are nobody’s', async () => {
  const { made, raise, calls } = fake();
  const one = must(made.allocUnbound(domid(1)));
  const heard: string[] = [];
  made.listen(
    one,
    () => heard.push('event'),
    () => heard.push('closed'),
  );
  made.notify(one);
  made.unmask(one);
  made.close(one);
  expect(calls).toEqual(['notify 5', 'unmask 5', 'close 5']);
  expect([made.isAwaited(), heard.length]).toEqual([false, 0]);
  raise(one);
  await undefined;
  expect(heard).toEqual(['closed']);
  const again = must(made.allocUnbound(domid(1)));
  made.listen(again, () => heard.push('new'));
  raise(again);
  expect(heard).toEqual(['closed', 'new']);
});

test('an event that is to be told soon is not told of a port closed meanwhile', async () => {
  const { made, raise } = fake();
  const one = must(made.allocUnbound(domid(1)));
  raise(one);
  let heard = 0;
  made.listen(one, () => heard++);
  made.close(one);
  await undefined;
  expect(heard).toBe(0);
});

test('what the kernel refuses is a failure; what was never bound is a bug', () => {
  const { made } = fake();
  expect(made.allocUnbound(domid(9))).toMatchObject({ ok: false, error: { errno: 'ENOSPC' } });
  expect(() => made.notify(port(3))).toThrow('port 3 is not bound');
});
