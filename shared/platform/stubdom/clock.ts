/** Time from the hypervisor's clock; timers are the loop's. */

import type { Clock } from '../clock.ts';
import type { Kernel } from './kernel.ts';
import type { Timers } from './timers.ts';

export function clock(kernel: Kernel, timers: Timers): Clock {
  const after = (ms: number, then: () => void) => timers.add(kernel.now() + Math.max(0, ms), then);
  return {
    nowMs: () => kernel.now(),
    wallMs: () => kernel.wall(),
    sleep: (ms) =>
      new Promise((resolve) => {
        after(ms, resolve);
      }),
    after,
  };
}
