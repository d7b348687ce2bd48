/** The crowd's world under the engine: a line of JSON for each seed. */

import { runCrowd } from '../../fuzz/crowd.ts';

/** What engine.c gives. */
declare const host: {
  readonly arguments: readonly string[];
  nowMs(): number;
  usedBytes(): number;
  freeBytes(): number;
  print(text: string): void;
};

/** As a domain's (platform/stubdom/room.ts). */
const RESERVE_BYTES = 384 * 1024;

const hasRoom = (bytes = 0): boolean => host.freeBytes() >= RESERVE_BYTES + bytes;

for (const seed of host.arguments) {
  host.print(JSON.stringify(runCrowd({ ...host, hasRoom }, Number(seed), 12, () => {})));
}
