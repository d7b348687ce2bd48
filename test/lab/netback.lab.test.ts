// Guests of a real Xen on network interfaces that our own back end serves, which may die.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { killBackend } from './backend.ts';
import { isAll, xensHere } from './extent.ts';
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

/** Its counters: of frames, bytes and large frames, from it and for it, and of what was wrong. */
async function counted(host: LabHost): Promise<readonly number[]> {
  const text = await host.must('od -An -v -w64 -t f8 -j 64 -N 64 /run/xtl/netback/vif-*-0.stats');
  return text.trim().split(/\s+/).map(Number);
}

const BYTES = 4 << 20;

const arrived = (file: string): string =>
  `until [ $(wc -c <${file}) = ${BYTES} ]; do sleep 0.2; done`;

/**
 * Bytes from dom0 to the guest, and back, amid which the backend dies. What sends nothing keeps its
 * input open: busybox's nc ends with the first end of either.
 */
async function carries(host: LabHost, guest: Guest): Promise<void> {
  await host.must(`head -c ${BYTES} /dev/urandom >down; touch up
(nc -l -p 5001 <down >/dev/null 2>&1 &)
(sleep 900 | nc -l -p 5002 >up 2>/dev/null &)
sleep 1`);
  await guest.run('(sleep 900 | nc 192.168.99.1 5001 >/got) & sleep 2');
  await killBackend(host, 'netback');
  await guest.run(arrived('/got'));
  const sums = await host.must('md5sum <down');
  expect(await guest.run('md5sum </got')).toContain(sums.trim());
  await guest.run('nc 192.168.99.1 5002 </got & sleep 2');
  await killBackend(host, 'netback');
  await host.must(arrived('up'));
  expect(await host.must('md5sum <up')).toBe(sums);
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

  if (isAll) {
    it('a guest of xl, on two queues, gets and sends bytes over deaths, and IPv6', () =>
      host.withGuests(async () => {
        const settings = ['type="pv"', 'vcpus=2'];
        const guest = await host.bootGuest('full', { settings, by: 'xl', console: 'xl' });
        await guest.waitForPrompt();
        await host.must(`xtl net attach -q ${guest.name} bridge=br0 backendtype=xtl`);
        await guest.run('ip addr add 192.168.99.2/24 dev eth0; ip link set eth0 up');
        await answers(guest);
        await carries(host, guest);
        const [fromFrames, fromBytes, fromLarge, toFrames, toBytes, toLarge, ...wrong] =
          await counted(host);
        expect(Math.min(fromBytes ?? 0, toBytes ?? 0)).toBeGreaterThan(BYTES);
        expect(Math.min(fromLarge ?? 0, toLarge ?? 0)).toBeGreaterThan(20);
        expect(Math.min(fromFrames ?? 0, toFrames ?? 0)).toBeGreaterThan(100);
        expect(wrong).toEqual([0, 0]);
        await host.must('ip addr add fe80::1/64 dev br0');
        expect(await guest.run('ping -6 -c 3 -s 4000 -W 20 fe80::1%eth0')).toContain(
          ' 0% packet loss',
        );
        await guest.shutdown();
      }));
  }
});
