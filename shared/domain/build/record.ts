/** Our own record of a domain in xenstore: what it takes to start the same VM again. */

import type { Domid } from '../../core/ids.ts';
import { fail, ok, type Result } from '../../core/result.ts';
import type { Nodes } from '../../xenstore/nodes.ts';
import { SHUTDOWN_ACTIONS, type VmSpec } from '../spec/vm-spec.ts';
import { RECORD_PIECE, recordPath } from './nodes.ts';

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

const isAbsentOr = (check: Check): Check => {
  return (value) => value === undefined || check(value);
};

const isIn = (min: number, max: number): Check => {
  return (value) => Number.isSafeInteger(value) && Number(value) >= min && Number(value) <= max;
};

/** What a vif's nodes are made of. */
function isVif(value: unknown): boolean {
  const vif = Object(value) as Record<string, unknown>;
  const { bytes, intervalUs } = Object(vif.rate ?? { bytes: 1, intervalUs: 1 });
  const texts = ['bridge', 'gatewaydev', 'ip', 'vifname', 'script', 'vlan', 'backend'];
  return (
    isIn(0, 65535)(vif.devid) &&
    isAbsentOr((mac) => isText(mac) && /^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/.test(mac))(vif.mac) &&
    texts.every((key) => vif[key] === undefined || typeof vif[key] === 'string') &&
    isAbsentOr(isIn(68, 65535))(vif.mtu) &&
    isCount(bytes) &&
    isCount(intervalUs)
  );
}

type Check = (value: unknown) => boolean;
const FIELDS: Readonly<Record<keyof VmRecord, Check>> = {
  name: isText,
  uuid: (value) => isText(value) && /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(value),
  type: (value) => value === 'pvh',
  kernel: isText,
  ramdisk: (value) => value === undefined || isText(value),
  cmdline: (value) => typeof value === 'string',
  memoryKib: isCount,
  maxmemKib: isCount,
  vcpus: isCount,
  maxvcpus: isCount,
  isDriverDomain: (value) => value === undefined || value === true,
  disks: (value) => value === undefined || (Array.isArray(value) && value.every(isDisk)),
  vifs: (value) => value === undefined || (Array.isArray(value) && value.every(isVif)),
  onPoweroff: isAction,
  onReboot: isAction,
  onCrash: isAction,
  onWatchdog: isAction,
  onSoftReset: isAction,
};

/** The record of a domain. ENOENT: we did not make it. */
export async function readRecord(store: Nodes, domid: Domid): Promise<Result<VmRecord>> {
  let text = '';
  for (let i = 0; ; i++) {
    const path = recordPath(domid);
    const piece = await store.readString(i === 0 ? path : `${path}/${i}`);
    if (!piece.ok) return piece;
    text += piece.value;
    if (piece.value.length !== RECORD_PIECE) return parseRecord(text);
  }
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
