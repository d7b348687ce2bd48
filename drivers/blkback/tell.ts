/** What is said of a device that cannot be served. */

import { errorPath } from '../../shared/backend/nodes.ts';
import type { State } from './device.ts';

/** Tells of a failure in the log and in the store, where xl and its like look for one. */
export async function tell(state: State, why: string): Promise<void> {
  if (state.told === why) return;
  state.told = why;
  const { session, log } = state.host;
  log(`${state.path}: ${why}`);
  await session.write(errorPath(state.path), why);
}
