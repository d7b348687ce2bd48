// Tests whose domains run, begun anew where the emulator has failed them; see host.ts.
import { setTimeout as sleep } from 'node:timers/promises';
import { tripleFaults } from './emulator-fault.ts';
import type { LabHost } from './host.ts';

/** In one test. The emulator's are one in a dozen boots on Xen 4.20, none seen on 4.17. */
const MOST_FAULTY_TRIES = 4;

const WATCH_MS = 1000;

/** Fails once the console says that a xenstore domain is dead: whoever asks it waits for ever. */
const deathOfStore = async (host: LabHost, hasIt: () => boolean): Promise<never> => {
  while (hasIt()) {
    if (host.consoleText().includes('d1v0 Triple fault')) throw new Error('d1 is dead');
    await sleep(WATCH_MS);
  }
  return new Promise(() => {});
};

const PATIENCE_MS = 60_000;

/** False once the emulated processors sleep for ever, Xen’s own timers among what is lost. */
const answers = (host: LabHost): Promise<boolean> =>
  host.run('true', { timeoutMs: PATIENCE_MS }).then(
    ({ code }) => code === 0,
    () => false,
  );

interface Recovery {
  withoutGuests(): Promise<void>;
  bootAnew(): Promise<void>;
}

export const withGuests = async <T>(
  host: LabHost,
  isStoreDomain: boolean,
  steps: () => Promise<T>,
  { withoutGuests, bootAnew }: Recovery,
): Promise<T> => {
  for (let tries = 0; ; tries++) {
    const earlier = tripleFaults(host.consoleText());
    let isOver = false;
    try {
      return await Promise.race([steps(), deathOfStore(host, () => isStoreDomain && !isOver)]);
    } catch (error) {
      const isFrozen = !(await answers(host));
      const faults = tripleFaults(host.consoleText()) - earlier;
      if ((faults === 0 && !isFrozen) || tries === MOST_FAULTY_TRIES) throw error;
      await (isFrozen ? bootAnew() : withoutGuests());
    } finally {
      isOver = true;
    }
  }
};
