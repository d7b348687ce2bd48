// Tests whose domains run, begun anew where the emulator has failed them; see host.ts.
import { setTimeout as sleep } from 'node:timers/promises';
import { dom0Fault, type Fault, guestFault, tripleFaults } from './emulator-fault.ts';
import type { LabHost } from './host.ts';

interface TestedHost extends Pick<LabHost, 'consoleText' | 'run'> {
  /** All that consoles of guests have said: a test's own error may tell nothing of a death. */
  guestsText(): string;
}

/** In one test; how many a whole run may have is the bound of retries.ts. */
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
  /** Told of each fault before the steps are taken anew; what it throws ends the test. */
  onFault(fault: Fault): void;
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

const FROZEN: Fault = { guest: 'the host', words: 'no answer, and its emulator does nothing' };

export const withGuests = async <T>(
  host: TestedHost,
  isStoreDomain: boolean,
  steps: () => Promise<T>,
  recovery: Recovery,
): Promise<T> => {
  for (let tries = 0; ; tries++) {
    const earlier = tripleFaults(host.consoleText()).length;
    const said = host.guestsText().length;
    let isOver = false;
    try {
      return await Promise.race([steps(), deathOfStore(host, () => isStoreDomain && !isOver)]);
    } catch (error) {
      if (tries === MOST_FAULTY_TRIES) throw error;
      const text = host.consoleText();
      const whole = dom0Fault(text) ?? ((await isFrozen(host, recovery)) ? FROZEN : undefined);
      const fault =
        whole ?? guestFault(text, earlier, `${error}\n${host.guestsText().slice(said)}`);
      if (fault === undefined) throw error;
      recovery.onFault(fault);
      await (whole ? recovery.bootAnew() : recovery.withoutGuests());
    } finally {
      isOver = true;
    }
  }
};
