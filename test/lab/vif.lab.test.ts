// Guests of a real Xen on network interfaces that dom0's kernel serves and Xen's scripts connect.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hasEvery, isAll, xensHere } from './extent.ts';
import type { Guest, LabHost } from './host.ts';
import { readPcapng } from './pcapng-reader.ts';
import { testHost } from './test-host.ts';

const MAC = '00:16:3e:00:00:05';
const SETTINGS = [`vif=["bridge=br0,mac=${MAC}"]`];

/** A bridge of dom0's, its keeper, and the kernel's netback: a slow host takes its time. */
const PREPARE = `modprobe bridge && modprobe xen-netback
ip link add br0 type bridge && ip addr add 192.168.99.1/24 dev br0 && ip link set br0 up
(setsid /usr/lib/xtl/keeper >/dev/null 2>&1 </dev/null &)
until [ -s /run/xtl/keeper.lock ]; do sleep 0.2; done`;

/** What is left of vifs: nodes, interfaces and what is kept of their domains. */
const LEFT = 'xenstore-ls -f | grep -c /vif; ip -br link | grep -c vif; ls /var/lib/xen | wc -l';

const PING = 'ping -c 3 -W 20 192.168.99';

async function answers(guest: Guest, device = 'eth0', own = 2): Promise<void> {
  await guest.run(`ip addr add 192.168.99.${own}/24 dev ${device}; ip link set ${device} up`);
  expect(await guest.run(`${PING}.1`)).toContain(' 0% packet loss');
}

/** Frames of a vif, by the command of dom0 while the guest is asked. */
async function capture(host: LabHost, name: string): Promise<void> {
  await host.must(`(xtl net capture ${name} 0 c.pcapng -q & echo $! >/root/pid) >/dev/null 2>&1
until [ -s c.pcapng ]; do sleep 0.2; done; ${PING}.2; kill -INT $(cat /root/pid)
while kill -0 $(cat /root/pid) 2>/dev/null; do sleep 0.2; done`);
  const bytes = Buffer.from(await host.must('base64 -w0 c.pcapng'), 'base64');
  const { packets, interface: from, statistics } = readPcapng(bytes);
  expect(from).toMatch(/^vif\d+\.0$/);
  expect(statistics).toEqual({ received: BigInt(packets.length), dropped: 0n });
  const hex = packets.map(({ data }) => Buffer.from(data).toString('hex'));
  const mac = MAC.replaceAll(':', '');
  const pings = hex.filter((each) => each.slice(24, 28) === '0800' && each.slice(46, 48) === '01');
  expect(pings.filter((each) => each.startsWith(mac)).length).toBeGreaterThanOrEqual(3);
  expect(pings.filter((each) => each.slice(12, 24) === mac).length).toBeGreaterThanOrEqual(3);
}

/** Another vif comes and goes, by commands of xtl. */
async function change(host: LabHost, guest: Guest): Promise<void> {
  await host.must(`xtl net attach -q ${guest.name} bridge=br0 mtu=1400`);
  const [, second] = JSON.parse(await host.must(`xtl net list ${guest.name} -o json`));
  expect(second).toMatchObject({ devid: 1, server: 'Linux', backendState: 'Connected', mtu: 1400 });
  expect(await guest.run('cat /sys/class/net/eth1/address')).toBe(second.mac);
  expect(await host.must(`xl network-list ${guest.name}`)).toContain(second.mac);
  await host.must(`xtl net detach -q ${guest.name} ${second.mac}`);
  expect(await guest.run('ls /sys/class/net')).not.toContain('eth1');
  expect(await host.must(`xtl net list ${guest.name} -o json`)).not.toContain(second.mac);
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
    it('a guest of xtl answers on a bridge, another vif comes and goes, and nothing is left', () =>
      host.withGuests(async () => {
        const guest = await host.bootGuest('full', { settings: SETTINGS });
        await guest.waitForPrompt();
        await answers(guest);
        await capture(host, guest.name);
        await change(host, guest);
        await host.must(`xtl vm destroy -q ${guest.name}`);
        expect((await host.run(LEFT)).stdout).toBe(left);
      }));
  }

  it('a script that fails is told, with its reason, and nothing is left', async () => {
    const ran = await host.run(`xtl vm create -q guests/full.cfg 'vif=["bridge=none"]'`);
    expect(ran.stderr).toContain('vif 0: the script /etc/xen/scripts/vif-bridge: ');
    expect(ran.stderr).toContain('Could not find bridge device none');
    expect(ran.code).toBe(1);
    expect((await host.run(LEFT)).stdout).toBe(left);
  });

  if (isAll) {
    it('a guest of xl has its vif by the keeper, and takes others by xtl', () =>
      host.withGuests(async () => {
        const settings = ['type="pv"', ...SETTINGS];
        const guest = await host.bootGuest('full', { settings, by: 'xl', console: 'xl' });
        await guest.waitForPrompt();
        await answers(guest);
        await change(host, guest);
        await guest.shutdown();
      }));

    it('a script of the administrator’s does what it likes, by the same contract', () =>
      host.withGuests(async () => {
        await host.must(`cat >/root/mine <<'END' && chmod 755 /root/mine
#!/bin/sh
echo "$* $vif $XENBUS_PATH $XENBUS_TYPE" >>/root/said
[ "$1" = online ] || exit 0
ip addr add 192.168.98.1/24 dev "$vif" && ip link set "$vif" up
xenstore-write "$XENBUS_PATH/hotplug-status" connected
END`);
        const settings = [`vif=["script=/root/mine,mac=${MAC}"]`];
        const guest = await host.bootGuest('full', { settings });
        await guest.waitForPrompt();
        await guest.run('ip addr add 192.168.98.2/24 dev eth0; ip link set eth0 up');
        expect(await guest.run('ping -c 3 -W 20 192.168.98.1')).toContain(' 0% packet loss');
        await host.must(`xtl vm destroy -q ${guest.name}`);
        const [online, offline] = (await host.must('cat /root/said')).split('\n');
        expect(online).toMatch(/^online type_if=vif vif(\d+)\.0 backend\/vif\/\1\/0 vif$/);
        expect(offline).toBe(online?.replace('online', 'offline'));
      }));
  }
});
