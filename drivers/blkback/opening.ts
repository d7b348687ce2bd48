/** What is behind a device: opened once its keys are there, and tried again where it cannot be. */

import { createRate } from '../../shared/core/rate.ts';
import type { Result } from '../../shared/core/result.ts';
import { BURST } from './core/limits.ts';
import type { OpenedDisk, State } from './device.ts';
import { readDevice } from './keys.ts';
import { refuseTake } from './moving.ts';
import { tell } from './tell.ts';

/** Between looks at what may become possible without an event. */
export const LOOK_AGAIN_MS = 200;
/** Most disks are open so soon. */
const OPEN_SOON_MS = 20;
/** The same for a disk that cannot be opened again and again: each time may start a program. */
const OPEN_AGAIN_MAX_MS = 2000;

/** Begins to open what is behind the device, once its keys are there. */
export async function makeReady(state: State): Promise<void> {
  if (state.disk !== undefined || state.isOpening) return;
  const { host, path, device } = state;
  // Each time: what could not be opened may have been replaced.
  const keys = await readDevice(host.session, path);
  if (!keys.ok) {
    if (keys.error.errno !== 'ENOENT') await tell(state, keys.error.what);
    return;
  }
  state.rate ??= createRate(keys.value.rate, BURST, host.clock.nowMs());
  state.keys = keys.value;
  // A drive may be empty; a disk waits for what a script of its toolstack writes.
  if (keys.value.params === '' && !keys.value.isCdrom) return;
  state.isOpening = true;
  state.times?.part('its keys');
  const opening = host
    .openDisk(keys.value, device, () => (state.connection ?? state.ending)?.wake())
    .then((disk) => opened(state, disk));
  // What takes longer nobody waits for: a device that is to be closed meanwhile is closed at once.
  await Promise.race([opening, host.clock.sleep(OPEN_SOON_MS)]);
}

async function opened(state: State, disk: Result<OpenedDisk>): Promise<void> {
  state.isOpening = false;
  if (state.isClosed) {
    if (disk.ok) state.host.closeDisk(disk.value);
    return;
  }
  if (disk.ok) {
    state.times?.part('its disk');
    state.disk = disk.value;
    state.openAgainMs = LOOK_AGAIN_MS;
    state.look();
    return;
  }
  await tell(state, disk.error.what);
  await refuseTake(state);
  // In use, perhaps, by a predecessor whose last operations have not ended.
  lookLater(state, state.openAgainMs);
  state.openAgainMs = Math.min(2 * state.openAgainMs, OPEN_AGAIN_MAX_MS);
}

export function lookLater(state: State, afterMs = LOOK_AGAIN_MS): void {
  if (state.isClosed) return;
  state.cancel ??= state.host.clock.after(afterMs, () => {
    state.cancel = undefined;
    state.look();
  });
}
