// The ports of a stub domain on a real Xen: the suite of all platforms against itself, and grants
// and events between the domain and dom0.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { xensHere } from '../lab/extent.ts';
import type { LabHost } from '../lab/host.ts';
import { testHost } from '../lab/test-host.ts';
import { linkImage } from './images.ts';

const LOGS = '/var/log/xen/console';

describe.each(xensHere)('a stub domain on Xen %s', (xen) => {
  let host: LabHost;
  let out: string;
  beforeAll(async () => {
    out = mkdtempSync(join(tmpdir(), 'xtl-ports-'));
    host = await testHost({ xen });
  });
  afterAll(async () => {
    rmSync(out, { recursive: true });
    await host?.end();
  });

  /** Links an image of the tests and brings it to dom0, with a configuration beside it. */
  async function bring(name: string): Promise<void> {
    const { image } = await linkImage(name, out);
    const kernel = await host.push(image);
    const config = [
      ...[`name="${name}"`, 'type="pvh"', `kernel="${kernel}"`, 'memory=8', 'vcpus=1'],
      ...['on_poweroff="preserve"', 'on_reboot="preserve"', 'on_crash="preserve"', ''],
    ];
    await host.must(`cat > ${name}.cfg`, { input: config.join('\n') });
  }

  /**
   * Waits for the end of a domain and returns what it said; it is destroyed. Its `last` line may
   * come to the log after its end.
   */
  async function ended(name: string, last: string): Promise<string> {
    const log = `${LOGS}/guest-${name}.log`;
    await host.must(`until xl list ${name} | grep -q -- '---*s\\|---*c'; do sleep 1; done`);
    await host.must(`for i in {1..60}; do grep -q '${last}' ${log} && break; sleep 0.5; done`);
    const said = await host.must(`cat ${log}`);
    await host.must(`xl destroy ${name}`);
    return said.replaceAll('\r', '').trimEnd();
  }

  it('of 8 MiB passes the suite of all platforms against itself', () =>
    host.withGuests(async () => {
      await bring('cases');
      await host.must('xl create -q cases.cfg');
      const last = (await ended('cases', ' passed, ')).split('\n').at(-1);
      expect(last).toMatch(/^[1-9]\d+ passed, 0 failed, \d+ skipped$/);
    }));

  it('maps and copies what dom0 grants, writes where it may, and speaks by events', () =>
    host.withGuests(async () => {
      await bring('exchange');
      await host.must('xl create -q -p exchange.cfg');
      const next = Number(await host.must('xl domid exchange')) + 1;
      await host.must('xl destroy exchange');
      await host.must(
        `node /usr/lib/xtl/tools/exchange.mjs ${next} > offered 2>&1 < /dev/null &
        until grep -q port= offered; do sleep 0.2; done
        xl create -q exchange.cfg "extra=\\"$(head -n 1 offered)\\""`,
      );
      expect(await ended('exchange', 'exchanged')).toBe('exchanged');
      expect(await host.must('cat offered')).toMatch(/\nanswered\n$/);
    }));
});
