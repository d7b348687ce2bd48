// Guests of a real Xen on network interfaces that our own back end serves, which may die.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { killBackend } from './backend.ts';
import { hasEvery, xensHere } from './extent.ts';
import type { Guest, LabHost } from './host.ts';
import { testHost } from './test-host.ts';

const SETTINGS = ['vif=["bridge=br0,mac=00:16:3e:00:00:06,backendtype=xtl"]'];

/** A bridge of dom0's, and the keeper with the back end: a slow host takes its time. */
const PREPARE = `modprobe bridge && modprobe tun
ip link add br0 type bridge && ip addr add 192.168.99.1/24 dev br0 && ip link set br0 up
(setsid /usr/lib/xtl/keeper netback >/dev/null 2>&1 </dev/null &)
until [ -s /run/xtl/keeper.lock ] && [ -d /run/xtl/netback ]; do sleep 0.2; done`;

/** What is left of vifs: nodes, interfaces, and what our back end keeps. */
const LEFT = 'xenstore-ls -f | grep -c /vif; ip -br link | grep -c vif; ls /run/xtl/netback';

async function answers(guest: Guest): Promise<void> {
  expect(await guest.run('ping -c 3 -W 20 192.168.99.1')).toContain(' 0% packet loss');
}

describe.each(xensHere)('on Xen %s', (xen) => {
  let host: LabHost;
  let left: string;
  beforeAll(async () => {
    host = await testHost({ xen });
    await host.must(PREPARE);
    left = (await host.run(LEFT)).stdout;
  });
  afterAll(() => host?.end());

  if (hasEvery(xen)) {
    it('a guest answers on a bridge, also after deaths of its backend, and nothing is left', () =>
      host.withGuests(async () => {
        const guest = await host.bootGuest('full', { settings: SETTINGS });
        await guest.waitForPrompt();
        await guest.run('ip addr add 192.168.99.2/24 dev eth0; ip link set eth0 up');
        await answers(guest);
        for (let deaths = 0; deaths < 3; deaths++) {
          await killBackend(host, 'netback');
          await answers(guest);
        }
        expect(await guest.run('cat /sys/class/net/eth0/carrier')).toContain('1');
        expect(await host.must('cat /sys/class/net/vif*.0/carrier')).toBe('1\n');
        await host.must(`xtl vm destroy -q ${guest.name}`);
        expect((await host.run(LEFT)).stdout).toBe(left);
      }));
  }
});
