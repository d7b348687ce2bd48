/** Our own record of a domain in xenstore: what it takes to start the same VM again. */

import { type Domid, domid as domidOf, isDomid } from '../../core/ids.ts';
import { fail, ok, type Result } from '../../core/result.ts';
import type { Nodes } from '../../xenstore/nodes.ts';
import { SHUTDOWN_ACTIONS, type VmSpec, type VmVif } from '../spec/vm-spec.ts';
import { DRIVERS_PATH, driverPath, RECORD_PIECE, recordPath } from './nodes.ts';

/**
 * The spec with the uuid the VM got, without the text it was read from.
 */
export type VmRecord = Omit<VmSpec, 'configText'> & { readonly uuid: string };

export function formatRecord(spec: VmSpec, uuid: string): string {
  const { configText: _, ...rest } = spec;
  return recordText({ ...rest, uuid });
}

export function recordText(record: VmRecord): string {
  return JSON.stringify(record).replace(/[^\x20-\x7e]/g, escapeChar);
}

/**
 * Paths are text, and what xenstore holds are bytes: anything but ASCII is escaped as JSON knows
 * it.
 */
function escapeChar(char: string): string {
  return `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

const isText = (value: unknown): value is string => typeof value === 'string' && value !== '';
const isCount = (value: unknown): value is number =>
  Number.isSafeInteger(value) && Number(value) > 0;
const isAction = (value: unknown): boolean => SHUTDOWN_ACTIONS.some((action) => action === value);

/** What a disk's nodes are made of. */
function isDisk(value: unknown): boolean {
  const disk = Object(value) as Record<string, unknown>;
  const isThere = isText(disk.target) || (disk.target === '' && disk.isCdrom === true);
  const isServed = disk.backend === undefined || isText(disk.backend);
  return isThere && isServed && isText(disk.vdev) && isCount(disk.device);
}

type Check = (value: unknown) => boolean;

const isAbsentOr =
  (check: Check): Check =>
  (value) =>
    value === undefined || check(value);

const isIn =
  (min: number, max: number): Check =>
  (value) =>
    Number.isSafeInteger(value) && Number(value) >= min && Number(value) <= max;

const isAnyText: Check = (value) => typeof value === 'string';

function isRate(value: unknown): boolean {
  const { bytes, intervalUs } = Object(value);
  return isCount(bytes) && isCount(intervalUs);
}

const VIF_FIELDS: Readonly<Record<keyof VmVif, Check>> = {
  devid: isIn(0, 65_535),
  mac: isAbsentOr((mac) => isText(mac) && /^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/.test(mac)),
  bridge: isAbsentOr(isAnyText),
  gatewaydev: isAbsentOr(isText),
  ip: isAbsentOr(isAnyText),
  vifname: isAbsentOr(isText),
  script: isAbsentOr(isText),
  backend: isAbsentOr(isText),
  server: isAbsentOr((server) => server === 'xtl' || server === 'linux'),
  rate: isAbsentOr(isRate),
  mtu: isAbsentOr(isIn(68, 65_535)),
  vlan: isAbsentOr(isText),
  trusted: isAbsentOr((trusted) => typeof trusted === 'boolean'),
};

/** What a vif's nodes are made of. */
function isVif(value: unknown): boolean {
  const vif = Object(value) as Record<string, unknown>;
  return Object.entries(VIF_FIELDS).every(([key, check]) => check(vif[key]));
}

const FIELDS: Readonly<Record<keyof VmRecord, Check>> = {
  name: isText,
  uuid: (value) => isText(value) && /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(value),
  type: (value) => value === 'pvh',
  kernel: isText,
  ramdisk: isAbsentOr(isText),
  cmdline: isAnyText,
  memoryKib: isCount,
  maxmemKib: isCount,
  vcpus: isCount,
  maxvcpus: isCount,
  isDriverDomain: isAbsentOr((value) => value === true),
  disks: isAbsentOr((value) => Array.isArray(value) && value.every(isDisk)),
  vifs: isAbsentOr((value) => Array.isArray(value) && value.every(isVif)),
  onPoweroff: isAction,
  onReboot: isAction,
  onCrash: isAction,
  onWatchdog: isAction,
  onSoftReset: isAction,
};

/** The record of a domain. ENOENT: we did not make it. */
export function readRecord(store: Nodes, domid: Domid): Promise<Result<VmRecord>> {
  return readPieces(store, recordPath(domid));
}

async function readPieces(store: Nodes, path: string): Promise<Result<VmRecord>> {
  let text = '';
  for (let i = 0; ; i++) {
    const piece = await store.readString(i === 0 ? path : `${path}/${i}`);
    if (!piece.ok) return piece;
    text += piece.value;
    if (piece.value.length !== RECORD_PIECE) return parseRecord(text);
  }
}

export interface DriverRecord {
  readonly domid: Domid;
  readonly record: Result<VmRecord>;
}

/** Driver domains that nobody has ended by xtl, whether they are there or not. */
export async function readDrivers(store: Nodes): Promise<Result<readonly DriverRecord[]>> {
  const found = await store.directory(DRIVERS_PATH);
  if (!found.ok) return found.error.errno === 'ENOENT' ? ok([]) : found;
  const domids = found.value.map(Number).filter(isDomid).map(domidOf);
  const records = await Promise.all(domids.map((each) => readPieces(store, driverPath(each))));
  return ok(domids.map((domid, i) => ({ domid, record: records[i] as Result<VmRecord> })));
}

/** A driver domain that is not to come again. That it is none is no error. */
export async function forgetDriver(store: Nodes, domid: Domid): Promise<Result<void>> {
  const removed = await store.rm(driverPath(domid));
  return removed.ok || removed.error.errno === 'ENOENT' ? ok() : removed;
}

/** EPROTO names the first field that is not what it should be. */
export function parseRecord(text: string): Result<VmRecord> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return fail('EPROTO', 'the record of the VM is not JSON');
  }
  if (typeof value !== 'object' || value === null) return fail('EPROTO', 'not a record of a VM');
  const fields: Record<string, unknown> = { ...value };
  for (const [name, check] of Object.entries(FIELDS)) {
    if (!check(fields[name])) return fail('EPROTO', `the record of the VM has a bad '${name}'`);
  }
  return ok(value as VmRecord);
}
