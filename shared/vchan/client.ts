/** The client of a vchan: waits for its keys, and joins it. */

import type { Domid } from '../core/ids.ts';
import { type Failure, fail, ok, type Result } from '../core/result.ts';
import type { Clock } from '../platform/clock.ts';
import type { Watch } from '../xenstore/watch-queue.ts';
import { joinVchan } from './join.ts';
import { eventChannelPath, findKeys, type VchanKeys, type VchanStore } from './keys.ts';
import type { OpenedVchan, VchanPorts } from './opened.ts';
import { createVchan, type Vchan } from './vchan.ts';

export interface VchanClientOptions extends VchanPorts {
  readonly store: VchanStore;
  readonly clock: Clock;
  readonly path: string;
  readonly server: Domid;
  /** How long to wait for a server that can be joined. */
  readonly timeoutMs: number;
  /** Also one that another client has left: see joinVchan. */
  readonly evenUsed?: boolean;
}

interface Found {
  readonly keys: VchanKeys;
  readonly opened: OpenedVchan;
}

/** One attempt: undefined while there is nothing to join. */
async function attempt(options: VchanClientOptions): Promise<Result<Found | undefined>> {
  const keys = await findKeys(options.store, options.path);
  if (!keys.ok || keys.value === undefined) return keys.ok ? ok(undefined) : keys;
  const { server, evenUsed } = options;
  const { ringRef, port } = keys.value;
  const opened = joinVchan(options, server, ringRef, port, evenUsed);
  return opened.ok ? ok({ keys: keys.value, opened: opened.value }) : opened;
}

/** The server's keys are no more, or another server's: what was joined is nobody's. */
async function watchOver(
  { store, path }: VchanClientOptions,
  watch: Watch,
  keys: VchanKeys,
  vchan: Vchan,
): Promise<void> {
  for await (const _ of watch) {
    const now = await findKeys(store, path);
    // A store that cannot be asked says nothing about the server.
    if (!now.ok) continue;
    if (now.value?.ringRef === keys.ringRef && now.value.port === keys.port) continue;
    return vchan.lose();
  }
}

/**
 * Waits until there is a server that can be joined: keys may be old, since a server that was killed
 * leaves them, and new ones come with the next. A page that no server makes ends it at once
 * (EPROTO); ETIMEDOUT says why the last attempt failed.
 */
export async function openVchanClient(options: VchanClientOptions): Promise<Result<Vchan>> {
  const { store, clock, path, server, timeoutMs, events } = options;
  const watch = store.watch(eventChannelPath(path));
  let isOver = false;
  const cancel = clock.after(timeoutMs, () => {
    isOver = true;
    void watch.return();
  });
  let last: Failure | undefined;
  // Not `for await`, which would end the watch.
  while (!isOver && (await watch.next()).done !== true) {
    const found = await attempt(options);
    if (!found.ok) {
      last = found.error;
      if (last.errno === 'EPROTO') break;
    } else if (found.value !== undefined && isOver) {
      found.value.opened.release();
    } else if (found.value !== undefined) {
      cancel();
      const vchan = createVchan(events, found.value.opened, `the server in domain ${server}`);
      void vchan.ended.then(() => watch.return());
      void watchOver(options, watch, found.value.keys, vchan);
      return ok(vchan);
    }
  }
  cancel();
  await watch.return();
  if (last?.errno === 'EPROTO') return { ok: false, error: last };
  const refused = watch.failure();
  if (refused !== undefined) return { ok: false, error: refused };
  const why = last === undefined ? 'there are no keys' : last.what;
  return fail('ETIMEDOUT', `${path}: no vchan after ${timeoutMs / 1000} s: ${why}`);
}
