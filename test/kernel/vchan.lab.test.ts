// A vchan of a stub domain with Xen's own program at the other end, on a real Xen.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { xensHere } from '../lab/extent.ts';
import type { LabHost } from '../lab/host.ts';
import { testHost } from '../lab/test-host.ts';
import { linkImage } from './images.ts';

const LOG = '/var/log/xen/console/guest-vchan-echo.log';
const BYTES = 100_000;

/** Sends a pattern into the socket of vchan-socket-proxy and looks at what comes back. */
const CLIENT = `
const sent = Buffer.alloc(${BYTES});
for (let i = 0; i < sent.length; i++) sent[i] = (Math.imul(i + 1, 0x9e3779b1) >>> 24);
const got = [];
const socket = require("net").connect("/tmp/vchan");
socket.on("data", (chunk) => {
  got.push(chunk);
  const all = Buffer.concat(got);
  if (all.length < sent.length) return;
  console.log(all.equals(sent) ? "the same" : "something else");
  socket.end();
});
socket.write(sent);
`;

describe.each(xensHere)('a stub domain on Xen %s', (xen) => {
  let host: LabHost;
  let out: string;
  beforeAll(async () => {
    out = mkdtempSync(join(tmpdir(), 'xtl-vchan-'));
    host = await testHost({ xen });
  });
  afterAll(async () => {
    rmSync(out, { recursive: true });
    await host?.end();
  });

  it('serves vchan-socket-proxy, one client after the other', () =>
    host.withGuests(async () => {
      const { image } = await linkImage('vchan-echo', out);
      const kernel = await host.push(image);
      const config = [
        ...['name="vchan-echo"', 'type="pvh"', `kernel="${kernel}"`, 'memory=8', 'vcpus=1'],
        ...['on_crash="preserve"', ''],
      ];
      await host.must('cat > vchan-echo.cfg', { input: config.join('\n') });
      await host.must('cat > client.cjs', { input: CLIENT });
      await host.must('xl create -q vchan-echo.cfg');
      const id = Number(await host.must('xl domid vchan-echo'));
      const path = `/local/domain/${id}/data/vchan/0/512`;
      for (let round = 1; round <= 2; round++) {
        await host.must(`until xenstore-exists ${path}/event-channel; do sleep 0.2; done`);
        await host.must(
          `rm -f /tmp/vchan; vchan-socket-proxy ${id} ${path} /tmp/vchan > proxy 2>&1 < /dev/null &
          echo $! > proxy.pid; until [ -S /tmp/vchan ]; do sleep 0.2; done`,
        );
        expect(await host.must('timeout 150 node client.cjs')).toBe('the same\n');
        const left = `a client has left after ${BYTES} bytes`;
        await host.must(`until [ $(grep -c '${left}' ${LOG}) = ${round} ]; do sleep 0.5; done`);
        await host.must('kill $(cat proxy.pid)');
      }
      await host.must('xl destroy vchan-echo');
    }));
});
