/**
 * A disk in use that comes to us from the kernel's back end, or goes to it: its frontend sees
 * nothing but a pause. Linux's drops a device without a word, once all that it had taken is
 * answered, and goes on from where another one has left the ring (xen_blkbk_remove and
 * xen_blkif_map in xen-blkback/xenbus.c, xenbus_dev_remove in xenbus_probe.c @ v6.12).
 */

import { fail, ok, type Result } from '../../shared/core/result.ts';
import {
  isOurScript,
  OURS_NODE,
  PERSISTENT_NODE,
  RELEASE_NODE,
  SCRIPT_BEFORE_NODE,
  SCRIPT_NODE,
  TAKE_NODE,
} from '../../shared/xenbus/served-by.ts';
import type { Nodes } from '../../shared/xenstore/nodes.ts';
import type { State } from './device.ts';
import { readFront } from './keys.ts';
import { missed, readPromised } from './promised.ts';
import { tell } from './tell.ts';

interface Asked {
  readonly script: string | undefined;
  readonly take: string | undefined;
  readonly release: string | undefined;
}

async function readAsked(nodes: Nodes, path: string): Promise<Result<Asked>> {
  const [script, take, release] = await Promise.all(
    [SCRIPT_NODE, TAKE_NODE, RELEASE_NODE].map((name) => nodes.readString(`${path}/${name}`)),
  );
  for (const each of [script, take, release]) {
    if (each?.ok === false && each.error.errno !== 'ENOENT') return each;
  }
  const text = (each: typeof script) => (each?.ok ? each.value : undefined);
  return ok({ script: text(script), take: text(take), release: text(release) });
}

/** Of dom0's devices: whether it is ours, or is to be; undefined: the store does not say. */
export async function isOurDevice(nodes: Nodes, path: string): Promise<boolean | undefined> {
  const asked = await readAsked(nodes, path);
  return asked.ok ? isOurScript(asked.value.script) || asked.value.take !== undefined : undefined;
}

/** Whether the device is ours to serve now: grants what is wished of who serves it, or refuses. */
export async function mayServe(state: State, letGo: () => Promise<void>): Promise<boolean> {
  const asked = await readAsked(state.host.session, state.path);
  // A store that stands still is no reason to do anything.
  if (!asked.ok) return false;
  const { script, take, release } = asked.value;
  if (state.isLetGo) {
    // Its wish was taken back: it is opened again. Or what the store was told came late.
    state.isLetGo = !isOurScript(script);
    if (!state.isLetGo) state.look();
    return false;
  }
  if (release !== undefined && state.connection !== undefined) {
    await letGo();
    state.isLetGo = true;
    await giveBack(state, release);
    return false;
  }
  if (take === undefined) return true;
  if (isOurScript(script)) {
    if (state.connection !== undefined) await forgetTake(state);
    return true;
  }
  return claim(state, script ?? '', take);
}

/** All is checked before the kernel lets go: what is found out later keeps the guest waiting. */
async function claim(state: State, before: string, script: string): Promise<boolean> {
  const { host, path, keys, disk, isOpening } = state;
  if (keys === undefined || disk === undefined) {
    if (!isOpening) await refuseTake(state);
    return false;
  }
  const { session, rings } = host;
  const front = await readFront(session, keys.frontend, rings);
  const promised = await readPromised(session, path);
  if (!promised.ok) return false;
  const lacks = missed(state, keys, disk, promised.value);
  const wrong = front.ok ? lacks && `its backend has ${lacks}` : front.error.what;
  if (wrong !== undefined) {
    await tell(state, `cannot be taken over: ${wrong}`);
    await refuseTake(state);
    return false;
  }
  const claimed = await session.transaction(async (tx) => {
    const still = await tx.readString(`${path}/${TAKE_NODE}`);
    if (!still.ok) return still;
    if (still.value !== script) return fail('EAGAIN', 'another wish has come');
    return tx.writeAll([
      { path: `${path}/${SCRIPT_BEFORE_NODE}`, value: before },
      { path: `${path}/${SCRIPT_NODE}`, value: script },
    ]);
  });
  if (claimed.ok) host.log(`${path}: is taken over from the kernel`);
  return claimed.ok;
}

function forgetTake({ host, path }: State): Promise<Result<void>> {
  return host.session.transaction(async (tx) => {
    const there = await tx.exists(`${path}/${TAKE_NODE}`);
    return there.ok && there.value ? tx.rm(`${path}/${TAKE_NODE}`) : there.ok ? ok() : there;
  });
}

/** Answers a wish that cannot be granted: the kernel goes on. What is ours stays so. */
export async function refuseTake(state: State): Promise<void> {
  const asked = await readAsked(state.host.session, state.path);
  if (!asked.ok || asked.value.take === undefined || isOurScript(asked.value.script)) return;
  await forgetTake(state);
}

/** Its connection and its disk are closed, and nothing is in its journals. */
async function giveBack({ host, path, look }: State, script: string): Promise<void> {
  const given = await host.session.transaction(async (tx) => {
    const still = await tx.readString(`${path}/${RELEASE_NODE}`);
    if (!still.ok) return still;
    if (still.value !== script) return fail('EAGAIN', 'another wish has come');
    for (const name of [RELEASE_NODE, OURS_NODE, PERSISTENT_NODE]) {
      const removed = await tx.rm(`${path}/${name}`);
      if (!removed.ok && removed.error.errno !== 'ENOENT') return removed;
    }
    return tx.write(`${path}/${SCRIPT_NODE}`, script);
  });
  if (given.ok) host.log(`${path}: given back, to ${script}`);
  // The wish was taken back, or the store stands still: it is ours, and is gone on with.
  else look();
}
