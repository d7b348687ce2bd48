/** A vchan for dom0 that gives back what it gets, to one client after the other. */

import { runDriverDomain } from '../../../../shared/backend/driver-domain.stubdom.ts';
import { DOM0 } from '../../../../shared/core/ids.ts';
import { serveVchans } from '../../../../shared/vchan/server.ts';
import type { Vchan } from '../../../../shared/vchan/vchan.ts';

async function echo(vchan: Vchan, say: (line: string) => void): Promise<void> {
  const buffer = new Uint8Array(3000);
  let bytes = 0;
  for (;;) {
    const count = await vchan.read(buffer);
    if (!count.ok || count.value === 0) break;
    bytes += count.value;
    const written = await vchan.write(buffer.subarray(0, count.value));
    if (!written.ok) break;
  }
  say(`a client has left after ${bytes} bytes`);
  vchan.close();
}

runDriverDomain(({ platform, session }) => {
  const { events, grants, clock, console, kernel } = platform;
  const say = (line: string): void => console.line(line);
  const path = `/local/domain/${kernel.domid}/data/vchan/0/512`;
  serveVchans(
    { events, grants, clock, store: session, path, client: DOM0, readMin: 9000, writeMin: 0 },
    (vchan) => void echo(vchan, say),
    ({ what }) => say(what),
  );
});
