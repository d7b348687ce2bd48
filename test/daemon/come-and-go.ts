// Guests that come and go, on a host whose xenstored is under test.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { linkNative } from '../kernel/native.ts';
import { isAll } from '../lab/extent.ts';
import type { LabHost } from '../lab/host.ts';
import { repoRoot } from '../lab/paths.ts';

/** In one test, all told. */
export const GUESTS = isAll ? 30 : 6;

const AT_A_TIME = 3;

/** What a round of creating and destroying must not change. */
const STOCK = 'xl info | grep ^free_memory; xenstore-ls -fp';

const CONFIG = `name="hammer"
type="pvh"
kernel="/root/hammer.xen"
memory=6
`;

/** Brings a guest that asks its xenstore without a pause; no Linux comes so far so soon. */
const bringHammer = async (host: LabHost): Promise<void> => {
  const out = mkdtempSync(join(tmpdir(), 'xtl-hammer-'));
  try {
    const source = 'test/kernel/native/hammer.c';
    const image = await linkNative({ root: repoRoot, source, memoryKib: 4096, out });
    await host.push(image, '/root/hammer.xen');
    await host.must('cat > hammer.cfg', { input: CONFIG });
  } finally {
    rmSync(out, { recursive: true });
  }
};

/**
 * GUESTS run, three at a time, and end amid their questions; what they leave is looked at. Not in
 * `withGuests`: what was measured is not measured anew until it fits.
 */
export const comeAndGo = async (host: LabHost): Promise<void> => {
  await bringHammer(host);
  const run = async (count: number): Promise<void> => {
    const many = `node /usr/lib/xtl/tools/many.mjs hammer.cfg ${count} --run`;
    const command = `rm -f out
      (until grep -qs made out; do sleep 0.2; done; sleep 3) | ${many} > out && cat out`;
    expect(await host.must(command, { timeoutMs: 400_000 })).toBe('made\n');
  };
  await run(1);
  const before = await host.must(STOCK);
  for (let left = GUESTS; left > 0; left -= AT_A_TIME) await run(Math.min(left, AT_A_TIME));
  expect(await host.must(STOCK)).toBe(before);
  await host.must('xenstore-control check');
};

/**
 * A Linux guest boots, finds its nodes and writes its own, and ends when it is asked to. That of xl
 * is PV: it boots in half the time, and the emulator runs it better. xtl makes PVH guests alone.
 */
export const liveAndShutDown = (host: LabHost, by: 'xl' | 'xtl'): Promise<void> =>
  host.withGuests(async () => {
    const settings = by === 'xl' ? ['type="pv"'] : [];
    const guest = await host.bootGuest('small', { by, console: by, settings });
    await guest.waitForPrompt();
    expect(await guest.run('hostname')).toBe('guest');
    const domid = (await host.must('xl domid small')).trim();
    const control = `/local/domain/${domid}/control/feature-poweroff`;
    expect(await host.must(`xenstore-read ${control}`)).toBe('1\n');
    await guest.shutdown();
    // It may be dying for a moment.
    await host.must(
      'for i in {1..60}; do xl list small 2>/dev/null || exit 0; sleep 1; done; exit 1',
    );
  });
