/** A program that is to run as long as it is wanted: started again whenever it ends. */

import type { Clock } from '../../shared/platform/clock.ts';
import { afterEnd, FRESH } from './core.ts';
import { LOOK_MS } from './limits.ts';

export interface Program {
  readonly name: string;
  /** Whether one runs, whoever has started it. */
  isRunning(): boolean;
  /** Starts one, and tells how it ended. */
  run(): Promise<string>;
}

export interface Supervisor {
  /** It is wanted from now on; asking again is no error. */
  want(): void;
  /** Starts none any more; one that runs goes on. */
  stop(): void;
}

interface Host {
  readonly clock: Clock;
  log(line: string): void;
}

/** Until the one that somebody else has started is gone. */
async function outlast(host: Host, program: Program, isOver: () => boolean): Promise<void> {
  if (!program.isRunning()) return;
  host.log(`${program.name}: runs already, and is watched`);
  while (program.isRunning() && !isOver()) await host.clock.sleep(LOOK_MS);
  if (!isOver()) host.log(`${program.name}: is gone, which was seen within ${LOOK_MS} ms`);
}

async function keep(host: Host, program: Program, isOver: () => boolean): Promise<void> {
  const { clock, log } = host;
  let record = FRESH;
  for (;;) {
    await outlast(host, program, isOver);
    if (isOver()) return;
    const startedMs = clock.nowMs();
    const how = await program.run();
    if (isOver()) return;
    // Another one was quicker.
    if (program.isRunning()) continue;
    const { pauseMs, record: next } = afterEnd(record, clock.nowMs() - startedMs);
    record = next;
    const when = pauseMs === 0 ? 'at once' : `in ${pauseMs / 1000} s`;
    log(`${program.name}: ended (${how}), is started again ${when}`);
    if (pauseMs > 0) await clock.sleep(pauseMs);
  }
}

export function supervise(host: Host, program: Program): Supervisor {
  let isStopped = false;
  let isWanted = false;
  return {
    want: () => {
      if (isWanted) return;
      isWanted = true;
      void keep(host, program, () => isStopped);
    },
    stop: () => {
      isStopped = true;
    },
  };
}
