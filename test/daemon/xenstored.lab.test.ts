// A real Xen whose dom0 starts our xenstored: everything else on it is Xen's and Linux's own.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hasEvery, isAll, xensHere } from '../lab/extent.ts';
import type { LabHost } from '../lab/host.ts';
import { testHost } from '../lab/test-host.ts';
import { comeAndGo, GUESTS, liveAndShutDown } from './come-and-go.ts';

const OURS = '/usr/lib/xtl/xenstored';

/** Scripts that connect devices to Linux's back ends: dom0 here lacks what Xen's own need. */
const HOTPLUG = `
cat >/etc/xen/scripts/xtl-block <<'EOF'
#!/bin/sh
[ "$1" = add ] || exit 0
xenstore-write "$XENBUS_PATH/physical-device" 7:0 "$XENBUS_PATH/hotplug-status" connected
EOF
cat >/etc/xen/scripts/xtl-vif <<'EOF'
#!/bin/sh
[ "$1" = online ] || exit 0
ip addr add 192.168.77.1/24 dev "$vif" && ip link set "$vif" up
xenstore-write "$XENBUS_PATH/hotplug-status" connected
EOF
chmod 755 /etc/xen/scripts/xtl-block /etc/xen/scripts/xtl-vif
modprobe xen-netback && modprobe xen-blkback && modprobe loop
head -c 8388608 /dev/urandom >/root/disk.img && losetup /dev/loop0 /root/disk.img
`;

const DEVICES = [
  'type="pv"',
  'vif=["script=xtl-vif"]',
  'disk=["format=raw,vdev=xvda,access=rw,script=xtl-block,target=/dev/loop0"]',
];

const UUID = '01234567-89ab-cdef-0123-456789abcdef';
const STEPS = [
  'true',
  `xl create -q -p guests/small.cfg 'uuid="${UUID}"'`,
  // It never runs: what it writes itself, and whether the emulator lets it live, is chance.
  'xl rename small other; xenstore-chmod /vm/* n0 r1',
  'xl destroy other',
];

const KILL = `for each in /proc/[0-9]*; do
  [ "$(cat $each/comm 2>/dev/null)" = xenstored ] && kill -9 "\${each#/proc/}"
done; sleep 1`;

/** The tree after each step, without what time and chance decide. */
const treesOf = async (host: LabHost): Promise<string[]> => {
  const all: string[] = [];
  for (const step of STEPS) {
    const tree = await host.must(`${step}; xenstore-ls -fp | sort`);
    all.push(
      tree
        .replace(/start_time = "[\d.]+"/g, 'start_time')
        .replace(/ring-ref = "\d+"/g, 'ring-ref')
        .replace(/^.*\/(feature-|control\/shutdown|device\/|data).*\n/gm, ''),
    );
  }
  return all;
};

/** What the fuller guest measures devices with. */
const TOOLS = [
  ['fio --version', 'fio-3'],
  ['iperf3 -v', 'iperf 3'],
  ['ethtool --version', 'ethtool version'],
  ['/usr/bin/ip -V', 'iproute2'],
] as const;

describe.each(xensHere)('on Xen %s', (xen) => {
  let host: LabHost;
  beforeAll(async () => {
    host = await testHost({ xen, xenstored: OURS });
  });
  afterAll(() => host?.end());

  it('dom0 came up with it: Xen’s tools, xenconsoled and the kernel are connected', async () => {
    expect(await host.must('xtl xenstored status -o json')).toContain('"running": "xtl"');
    expect(await host.must('xenstore-read domid')).toBe('0\n');
    expect(await host.must('xl list')).toContain('Domain-0');
    await host.must('xenstore-control check');
    await host.must('xenstore-write /test/x 1 && xtl store rm /test');
  });

  // First of all that make domains: their numbers are in the tree.
  if (xen === '4.20') {
    it('xl’s steps make the same tree as on C xenstored', async () => {
      const other = await testHost({ xen });
      const theirs = await treesOf(other).finally(() => other.end());
      expect(await treesOf(host)).toEqual(theirs);
      expect(theirs[1]).toContain(`/vm/${UUID}`);
    });
  }

  it('xl creates a guest, its console works, and it shuts down', () => liveAndShutDown(host, 'xl'));

  if (hasEvery(xen)) {
    it('a guest’s disk and network run on Linux’s own back ends', async () => {
      await host.must(HOTPLUG);
      await host.withGuests(async () => {
        const guest = await host.bootGuest('full', { by: 'xl', console: 'xl', settings: DEVICES });
        await guest.waitForPrompt();
        const sum = 'md5sum | cut -c 1-32';
        const disk = await guest.run(`cat /dev/xvda | ${sum}`);
        expect(disk).toContain((await host.must(`cat disk.img | ${sum}`)).trim());
        await guest.run('ip addr add 192.168.77.2/24 dev eth0 && ip link set eth0 up');
        expect(await guest.run('ping -c 3 -W 10 192.168.77.1')).toContain(' 0% packet loss');
        for (const [command, answer] of TOOLS) expect(await guest.run(command)).toMatch(answer);
        await guest.shutdown();
      });
      const left = await host.must('xtl store ls -r /local/domain/0/backend || true');
      expect(left).not.toMatch(/\/(vif|vbd)\/\d/);
    });
  }

  // In each run where xenstore is a domain: that one does not get away with a leak.
  if (isAll) {
    it(`${GUESTS} guests come and go and leave everything as it was`, () => comeAndGo(host));
  }

  it('Xen’s own test of a xenstored passes in dom0', async () => {
    const { code, stdout } = await host.run(`/usr/lib/xen-${xen}/bin/test-xenstore -r 2 -i 50`);
    expect([code, stdout]).toEqual([0, expect.not.stringContaining('fail')]);
  });

  it('the host’s log has no complaint', async () => {
    const log = await host.must('cat /var/log/xen/xenstored.log');
    expect(log.trim().split('\n')).toEqual([expect.stringContaining('serves /run/xenstored')]);
  });

  // Last: dom0's kernel hears of nothing any more.
  if (isAll) {
    it('killed, it is started again: domains have their names, and new ones a console', () =>
      host.withGuests(async () => {
        await host.must(`xtl vm create -q guests/small.cfg && ${KILL}`);
        expect((await host.run('xtl doctor')).stdout).toContain('-> xtl xenstored restart');
        await host.must('xtl xenstored restart');
        expect(await host.must('xtl xenstored status -o json')).toContain('"running": "xtl"');
        expect(await host.must('xl list')).toMatch(/^Domain-0 .*^small /ms);
        await host.must(`xtl vm create -q -p guests/small.cfg 'name="new"'`);
        const tty = 'xenstore-read /local/domain/$(xl domid new)/console/tty';
        await host.must(`for i in {1..60}; do [ -n "$(${tty})" ] && exit; sleep 1; done; exit 1`);
        expect((await host.run('xtl doctor')).stdout).toMatch(/^warn +kernel of domain 0: /m);
        await host.must('xtl vm destroy small && xtl vm destroy new');
      }));
  }
});
