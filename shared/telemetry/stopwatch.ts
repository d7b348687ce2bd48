/** How long the parts of something took, one after the other, for a line of a log. */

import type { Clock } from '../platform/clock.ts';

export interface Stopwatch {
  /** What has passed since the last part, or since the start, is this one's. */
  part(name: string): void;
  /** Milliseconds, of all parts and of each: `4.2 ms (keys 1.1, disk 3.1)`. */
  text(): string;
}

export function startStopwatch(clock: Pick<Clock, 'nowMs'>): Stopwatch {
  const started = clock.nowMs();
  const parts: (readonly [string, number])[] = [];
  let last = started;
  const format = (ms: number): string => ms.toFixed(1);
  return {
    part: (name) => {
      const now = clock.nowMs();
      parts.push([name, now - last]);
      last = now;
    },
    text: () => {
      const each = parts.map(([name, ms]) => `${name} ${format(ms)}`).join(', ');
      return `${format(last - started)} ms (${each})`;
    },
  };
}
