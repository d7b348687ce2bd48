// Tests whose domains run, begun anew where the emulator has failed them; see host.ts.
import { setTimeout as sleep } from 'node:timers/promises';
import { brokeDom0, isStaleBreakpoint, tripleFaults } from './emulator-fault.ts';
import type { LabHost } from './host.ts';

type TestedHost = Pick<LabHost, 'consoleText' | 'run'>;

/** In one test. The emulator's are one in a dozen boots on Xen 4.20, fewer on 4.17. */
const MOST_FAULTY_TRIES = 4;

const WATCH_MS = 1000;

/** Fails once the console says that a xenstore domain is dead: whoever asks it waits for ever. */
const deathOfStore = async (host: TestedHost, hasIt: () => boolean): Promise<never> => {
  while (hasIt()) {
    if (host.consoleText().includes('d1v0 Triple fault')) throw new Error('d1 is dead');
    await sleep(WATCH_MS);
  }
  return new Promise(() => {});
};

const PATIENCE_MS = 60_000;

/** What a host can do about a fault of its emulator's. */
export interface Recovery {
  /** Whether the emulator lives and does nothing. */
  isStill(): Promise<boolean>;
  withoutGuests(): Promise<void>;
  bootAnew(): Promise<void>;
}

/**
 * Whether the emulated processors sleep for ever, with Xen’s own timers lost: no answer, and the
 * emulator does nothing. A host that has ended, or is busy for ever, is the test’s to explain.
 */
const isFrozen = async (host: TestedHost, { isStill }: Recovery): Promise<boolean> => {
  const answers = await host.run('true', { timeoutMs: PATIENCE_MS }).then(
    () => true,
    () => false,
  );
  return !answers && (await isStill());
};

export const withGuests = async <T>(
  host: TestedHost,
  isStoreDomain: boolean,
  steps: () => Promise<T>,
  recovery: Recovery,
): Promise<T> => {
  for (let tries = 0; ; tries++) {
    const earlier = tripleFaults(host.consoleText());
    let isOver = false;
    try {
      return await Promise.race([steps(), deathOfStore(host, () => isStoreDomain && !isOver)]);
    } catch (error) {
      if (tries === MOST_FAULTY_TRIES) throw error;
      const text = host.consoleText();
      const isGuestDead = tripleFaults(text) > earlier || isStaleBreakpoint(String(error));
      if (brokeDom0(text) || (await isFrozen(host, recovery))) await recovery.bootAnew();
      else if (isGuestDead) await recovery.withoutGuests();
      else throw error;
    } finally {
      isOver = true;
    }
  }
};
