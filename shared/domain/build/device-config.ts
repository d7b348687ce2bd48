/**
 * What is kept of a domain's devices besides their own nodes: our record, by which the VM is
 * started again, and libxl's configuration, by which xl saves it or starts it again.
 */

import { DOM0 } from '../../core/ids.ts';
import { fail, ok, type Result } from '../../core/result.ts';
import { fromLatin1, toLatin1 } from '../../core/text.ts';
import type { Nodes } from '../../xenstore/nodes.ts';
import type { BuildHost } from './host.ts';
import {
  type ChangeEntry,
  changeLibxlDevice,
  hasLibxlDevice,
  type LibxlList,
} from './libxl-devices.ts';
import { driverPath, recordNodes, recordPath } from './nodes.ts';
import { parseRecord, readRecord, recordText, type VmRecord } from './record.ts';
import { removeAll, withPermissions } from './store.ts';
import {
  configPath,
  FILE_MAX,
  type KeptDomain,
  keptRecordPath,
  userdataLockPath,
} from './userdata.ts';
import { formatUuid } from './uuid.ts';

/** What becomes of one device: in our records, and in libxl's. */
export interface DeviceChange {
  readonly list: LibxlList;
  readonly device: number;
  readonly record: (old: VmRecord) => VmRecord;
  readonly entry: ChangeEntry;
}

/** A list with another entry in place of one, or none; undefined: an empty list. */
export function withEntry<T>(
  old: readonly T[],
  is: (entry: T) => boolean,
  make: (old: T | undefined) => T | undefined,
): readonly T[] | undefined {
  const at = old.findIndex(is);
  const made = make(at < 0 ? undefined : old[at]);
  const one = made === undefined ? [] : [made];
  const list = at < 0 ? [...old, ...one] : old.toSpliced(at, 1, ...one);
  return list.length === 0 ? undefined : list;
}

/** Our record in xenstore; domains of xl have none. */
export async function changeRecord(
  tx: Nodes,
  domid: KeptDomain['domid'],
  change: DeviceChange,
): Promise<Result<void>> {
  const record = await readRecord(tx, domid);
  if (!record.ok) return record.error.errno === 'ENOENT' ? ok() : record;
  // The new one may have fewer pieces.
  const removed = await removeAll(tx, [recordPath(domid), driverPath(domid)]);
  if (!removed.ok) return removed;
  const text = recordText(change.record(record.value));
  const nodes = recordNodes(domid, text, record.value.isDriverDomain);
  return tx.writeAll(withPermissions(nodes, domid, DOM0));
}

/** Between attempts at a lock, and for how long. */
const LOCK_AGAIN_MS = 50;
const LOCK_TIMEOUT_MS = 10_000;

async function lock(host: BuildHost, path: string): Promise<Result<{ release(): void }>> {
  const until = host.clock.nowMs() + LOCK_TIMEOUT_MS;
  for (;;) {
    const locked = (await host.lockFile?.(path)) ?? ok({ release: () => {} });
    if (locked.ok || locked.error.errno !== 'EBUSY' || host.clock.nowMs() > until) return locked;
    await host.clock.sleep(LOCK_AGAIN_MS);
  }
}

interface Rewritten {
  readonly path: string;
  readonly bytes: Uint8Array;
}

/** A file with another text; none if there is no file, or if it has that text. */
async function rewritten(
  { files }: BuildHost,
  path: string,
  make: (text: string) => Result<string>,
): Promise<Result<readonly Rewritten[]>> {
  const old = await files.read(path, FILE_MAX);
  if (!old.ok) return old.error.errno === 'ENOENT' ? ok([]) : old;
  const text = fromLatin1(old.value);
  const made = make(text);
  if (!made.ok) return fail(made.error.errno, `${path}: ${made.error.what}`);
  return ok(made.value === text ? [] : [{ path, bytes: toLatin1(made.value) }]);
}

async function rewriteBoth(
  host: BuildHost,
  of: KeptDomain,
  change: DeviceChange,
): Promise<Result<void>> {
  const config = await rewritten(host, configPath(of), (text) =>
    changeLibxlDevice(text, change.list, change.device, change.entry),
  );
  if (!config.ok) return config;
  const record = await rewritten(host, keptRecordPath(of), (text) => {
    const parsed = parseRecord(text);
    return parsed.ok ? ok(recordText(change.record(parsed.value))) : parsed;
  });
  if (!record.ok) return record;
  // By libxl's it is known whether both are written: that one comes last.
  for (const { path, bytes } of [...record.value, ...config.value]) {
    const written = await host.files.write(path, bytes);
    if (!written.ok) return written;
  }
  return ok();
}

/**
 * The files of both, under libxl's lock. EPROTO: one is not what it should be, and none is changed.
 * ESRCH: the domain is gone, and its files with it.
 */
export async function changeKept(
  host: BuildHost,
  of: KeptDomain,
  change: DeviceChange,
): Promise<Result<void>> {
  const held = await lock(host, userdataLockPath(of));
  if (!held.ok) return held;
  try {
    const info = host.domainControl.getInfo(of.domid);
    if (!info.ok) return info;
    if (formatUuid(info.value.uuid) === of.uuid) return await rewriteBoth(host, of, change);
    return fail('ESRCH', `domain ${of.domid} is another one now`);
  } finally {
    held.value.release();
  }
}

/** Whether libxl's configuration has the device; undefined: there is no configuration. */
export async function isKept(
  { files }: BuildHost,
  of: KeptDomain,
  { list, device }: Pick<DeviceChange, 'list' | 'device'>,
): Promise<Result<boolean | undefined>> {
  const config = await files.read(configPath(of), FILE_MAX);
  if (!config.ok) return config.error.errno === 'ENOENT' ? ok(undefined) : config;
  return hasLibxlDevice(fromLatin1(config.value), list, device);
}
