/**
 * What a toolstack asks of a disk that is there: another medium, or a look at its size.
 *
 * Another `params` is another medium, as libxl writes it (libxl_cdrom_insert in libxl_disk.c @
 * RELEASE-4.17.0). A `refresh` node asks for an answer, too: it is there until what it asks for is
 * done, so that neither a backend that dies meanwhile nor one that comes later misses it; a node
 * that is written again with the value that it has would be an event alone, and tell nobody that
 * it was heard. Its value is empty, or the sectors beyond which nothing may be used any more.
 */

import { XenbusStateConnected } from '../../shared/abi/xenbus.ts';
import { errorPath } from '../../shared/backend/nodes.ts';
import { fail, ok, type Result } from '../../shared/core/result.ts';
import type { BlockShape } from '../../shared/platform/block-io.ts';
import type { Nodes } from '../../shared/xenstore/nodes.ts';
import type { XenstoreSession } from '../../shared/xenstore/session.ts';
import type { State as DeviceState, OpenedDisk } from './device.ts';
import { type DeviceKeys, measured } from './keys.ts';

export interface Wish {
  readonly params: string;
  /** Undefined: nobody waits for an answer. */
  readonly refresh: string | undefined;
}

/** Undefined without `params`: the device is being removed. */
export async function readWish(nodes: Nodes, path: string): Promise<Result<Wish | undefined>> {
  const [params, refresh] = await Promise.all([
    nodes.readString(`${path}/params`),
    nodes.readString(`${path}/refresh`),
  ]);
  if (!params.ok) return params.error.errno === 'ENOENT' ? ok(undefined) : params;
  if (refresh.ok) return ok({ params: params.value, refresh: refresh.value });
  if (refresh.error.errno !== 'ENOENT') return refresh;
  return ok({ params: params.value, refresh: undefined });
}

/** Sectors of 512 bytes; without a limit if none is said. EINVAL: it is no number. */
function sectorsMax({ refresh = '' }: Wish): Result<number> {
  if (refresh === '') return ok(Number.POSITIVE_INFINITY);
  if (/^(0|[1-9][0-9]{0,14})$/.test(refresh)) return ok(Number(refresh));
  return fail('EINVAL', `refresh is '${refresh.slice(0, 40)}', no number of sectors`);
}

/** Does what a toolstack asks of a disk that is open, and answers; false: it asks for nothing. */
export async function grantWish(state: DeviceState, wish: Wish): Promise<boolean> {
  const { host, path, keys, disk } = state;
  if (keys === undefined || disk === undefined) return false;
  const isOther = wish.params !== keys.params;
  if (!isOther) state.refused = undefined;
  if (wish.refresh === undefined && (!isOther || wish.params === state.refused)) return false;
  const done = isOther ? await replace(state, disk, wish) : await measure(state, disk, wish);
  if (!done.ok) {
    if (isOther) state.refused = wish.params;
    host.log(`${path}: ${done.error.what}`);
  }
  const outcome = done.ok ? ok({ keys: state.keys ?? keys, shape: done.value.io.shape }) : done;
  await answerWish(host.session, path, wish, outcome);
  return true;
}

/** Looks at its size. Beyond what is left of it nothing is under way when that is told. */
async function measure(
  { connection }: DeviceState,
  disk: OpenedDisk,
  wish: Wish,
): Promise<Result<OpenedDisk>> {
  const { shape } = disk.io;
  const before = shape.sectors;
  const most = sectorsMax(wish);
  const done = most.ok ? disk.io.measure(most.value) : most;
  if (!done.ok) return done;
  if (shape.sectors < before) await connection?.goOnWith(disk);
  return ok(disk);
}

/** Changes the medium of a drive. One that cannot be had leaves the drive as it is. */
async function replace(
  state: DeviceState,
  old: OpenedDisk,
  { params }: Wish,
): Promise<Result<OpenedDisk>> {
  const { host, keys } = state;
  if (keys?.isCdrom !== true) {
    return fail('EINVAL', `params is '${params}' now: only a drive's medium is changed`);
  }
  const next = { ...keys, params };
  const wake = (): void => (state.connection ?? state.ending)?.wake();
  const opened = await host.openDisk(next, state.device, wake);
  if (!opened.ok) return opened;
  await state.connection?.goOnWith(opened.value);
  host.closeDisk(old);
  state.disk = opened.value;
  state.keys = next;
  return opened;
}

/**
 * Tells frontend and toolstack what came of a wish, in one transaction: `sectors` before the state,
 * at which Linux reads it (blkback_changed of xen-blkfront.c @ v6.12). `done` is the wish that was
 * looked at: another one that has come meanwhile stays.
 */
function answerWish(
  session: XenstoreSession,
  path: string,
  done: Wish,
  outcome: Result<{ readonly keys: DeviceKeys; readonly shape: BlockShape }>,
): Promise<Result<void>> {
  return session.transaction(async (tx) => {
    const state = await tx.readString(`${path}/state`);
    // Removed meanwhile: it is not made anew.
    if (!state.ok) return state.error.errno === 'ENOENT' ? ok() : state;
    const now = await readWish(tx, path);
    if (!now.ok) return now;
    const isThis = now.value?.refresh === done.refresh && now.value?.params === done.params;
    if (isThis && done.refresh !== undefined) {
      const removed = await tx.rm(`${path}/refresh`);
      if (!removed.ok) return removed;
    }
    if (!outcome.ok) return tx.write(errorPath(path), outcome.error.what);
    const { keys, shape } = outcome.value;
    const isConnected = state.value === String(XenbusStateConnected);
    return tx.writeAll([
      ...measured(path, keys, shape),
      ...(isConnected ? [{ path: `${path}/state`, value: state.value }] : []),
    ]);
  });
}
