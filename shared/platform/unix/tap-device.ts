/**
 * TAP devices of this host: made, found again, held and removed. A device stays when its process
 * dies, with its address, its place on a bridge and what a firewall knows of it. Scripts may call
 * it what they like: its alias says which vif it is, and goes where it goes.
 */

import { closeSync, constants, openSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fail, ok, type Result } from '../../core/result.ts';
import { NET_HEADER_BYTES } from '../net-io.ts';
import { bind, lastFailure, once } from './ffi.ts';
import { reasonOf } from './reason.ts';
import * as abi from './tap-abi.ts';

const DEVICE = '/dev/net/tun';
/** The interfaces of this network namespace. */
const INTERFACES = '/sys/class/net';

const FLAGS = abi.IFF_TAP | abi.IFF_NO_PI | abi.IFF_VNET_HDR | abi.IFF_MULTI_QUEUE;

/**
 * What frames to us may leave undone. Not those of which the first segment tells of congestion
 * (TSO_ECN), which a vif has no word for.
 */
const OFFLOADS = abi.TUN_F_CSUM | abi.TUN_F_TSO4 | abi.TUN_F_TSO6;

const libc = once(() => {
  const byAddress = bind('libc.so.6', { ioctl: ['int', 'int', 'ulong', 'void *'] });
  const byValue = bind('libc.so.6', { ioctl: ['int', 'int', 'ulong', 'ulong'] });
  if (!byAddress.ok) return byAddress;
  if (!byValue.ok) return byValue;
  return ok({ ioctl: byAddress.value.ioctl, set: byValue.value.ioctl });
});

const aliasOf = (vif: string): string => `xtl ${vif}`;

function failed(what: string, thrown: unknown): Result<never> {
  const { errno, words } = reasonOf(thrown);
  return fail(errno, `${what}: ${words}`);
}

/** A file of an interface; undefined: there is no such interface, or it has no such property. */
function property(name: string, file: string): string | undefined {
  try {
    return readFileSync(`${INTERFACES}/${name}/${file}`, 'latin1').trimEnd();
  } catch {
    return undefined;
  }
}

function setProperty(name: string, file: string, value: string): Result<void> {
  try {
    writeFileSync(`${INTERFACES}/${name}/${file}`, value);
    return ok();
  } catch (thrown) {
    return failed(`cannot set ${file} of ${name}`, thrown);
  }
}

/** What the device of a vif is called now; undefined: there is none. */
export function findTap(vif: string): string | undefined {
  const alias = aliasOf(vif);
  const isIt = (name: string): boolean => property(name, 'ifalias') === alias;
  if (isIt(vif)) return vif;
  try {
    return readdirSync(INTERFACES).find(isIt);
  } catch {
    return undefined;
  }
}

/** A `struct ifreq`. A name is longer than the kernel's, or a template for names: undefined. */
function ifreq(name: string, flags: number): Uint8Array | undefined {
  if (!/^[\w.:-]+$/.test(name) || name.length >= abi.IFNAMSIZ) return undefined;
  const bytes = new Uint8Array(abi.IFREQ_BYTES);
  for (let i = 0; i < name.length; i++) bytes[i] = name.charCodeAt(i);
  bytes[abi.IFNAMSIZ] = flags;
  bytes[abi.IFNAMSIZ + 1] = flags >> 8;
  return bytes;
}

/** One more queue of the device called `name`, which is made if there is none. */
function openQueue(name: string, flags: number): Result<number> {
  const c = libc();
  if (!c.ok) return c;
  const request = ifreq(name, flags);
  if (request === undefined) return fail('EINVAL', `'${name}' is no name of an interface`);
  let fd: number;
  try {
    fd = openSync(DEVICE, constants.O_RDWR | constants.O_NONBLOCK);
  } catch (thrown) {
    return failed(`cannot open ${DEVICE}`, thrown);
  }
  if (c.value.ioctl(fd, abi.TUNSETIFF, request) === 0) return ok(fd);
  const failure = lastFailure(`cannot open a queue of ${name}`);
  closeSync(fd);
  return failure.error.errno === 'EINVAL'
    ? fail('EINVAL', `${name} is no TAP with several queues and virtio headers`)
    : failure;
}

/** What a queue is of: its device's name now, and its flags. */
function deviceOf(fd: number): Result<{ readonly name: string; readonly flags: number }> {
  const c = libc();
  if (!c.ok) return c;
  const bytes = new Uint8Array(abi.IFREQ_BYTES);
  if (c.value.ioctl(fd, abi.TUNGETIFF, bytes) !== 0) return lastFailure('a queue of no device');
  const end = bytes.indexOf(0);
  const flags = (bytes[abi.IFNAMSIZ] as number) | ((bytes[abi.IFNAMSIZ + 1] as number) << 8);
  return ok({ name: String.fromCharCode(...bytes.subarray(0, end)), flags });
}

/** A queue of a device that is there, whose name may have changed since it was found. */
function openOther(name: string): Result<number> {
  const fd = openQueue(name, FLAGS);
  if (!fd.ok) return fd;
  const device = deviceOf(fd.value);
  if (device.ok && (device.value.flags & abi.IFF_PERSIST) !== 0) return fd;
  // It is a new one, and goes with its only queue.
  closeSync(fd.value);
  return device.ok ? fail('EAGAIN', `${name} is called otherwise now`) : device;
}

/** A new device's first queue. It is to stay only once it says whose it is. */
function create(vif: string): Result<number> {
  const fd = openQueue(vif, FLAGS | abi.IFF_TUN_EXCL);
  if (!fd.ok) {
    return fd.error.errno === 'EBUSY' ? fail('EEXIST', `${vif} is somebody else's`) : fd;
  }
  const named = setProperty(vif, 'ifalias', aliasOf(vif));
  const kept = named.ok ? setKept(fd.value, true) : named;
  if (kept.ok) return fd;
  closeSync(fd.value);
  return kept;
}

function setKept(fd: number, isKept: boolean): Result<void> {
  const c = libc();
  if (!c.ok) return c;
  const set = c.value.set(fd, abi.TUNSETPERSIST, isKept ? 1 : 0);
  return set === 0 ? ok() : lastFailure('cannot make a TAP stay');
}

function setUp(fd: number): Result<void> {
  const c = libc();
  if (!c.ok) return c;
  const { ioctl, set } = c.value;
  const sized = ioctl(fd, abi.TUNSETVNETHDRSZ, Int32Array.of(NET_HEADER_BYTES));
  if (sized !== 0 || set(fd, abi.TUNSETOFFLOAD, OFFLOADS) !== 0) {
    return lastFailure('cannot set offloads of a TAP');
  }
  return ok();
}

export interface TapDevice {
  /** Its queues, which do not block. */
  readonly fds: readonly number[];
  readonly mac: Uint8Array;
  readonly mtu: number;
}

function closeAll(fds: readonly number[]): void {
  for (const fd of fds) closeSync(fd);
}

function openQueues(vif: string, count: number): Result<number[]> {
  const found = findTap(vif);
  const first = found === undefined ? create(vif) : openOther(found);
  if (!first.ok) return first;
  const fds = [first.value];
  for (let ready = setUp(first.value); fds.length < count || !ready.ok; ) {
    const next = ready.ok ? openOther(found ?? vif) : ready;
    if (!next.ok) {
      closeAll(fds);
      return next;
    }
    fds.push(next.value);
    ready = ok();
  }
  return ok(fds);
}

/** Six bytes; zeros for what is no address. */
function macOf(name: string): Uint8Array {
  const words = (property(name, 'address') ?? '').split(':');
  return Uint8Array.from({ length: 6 }, (_, i) => Number.parseInt(words[i] ?? '0', 16) || 0);
}

/**
 * Queues of the vif's device, which is made if there is none. EEXIST, EINVAL: another one has its
 * name; EACCES, EPERM; ENOENT: this kernel has no TAP; EAGAIN: it has just got another name.
 */
export function openTapDevice(vif: string, queues: number, mtu?: number): Result<TapDevice> {
  const fds = openQueues(vif, queues);
  if (!fds.ok) return fds;
  const device = deviceOf(fds.value[0] as number);
  const name = device.ok ? device.value.name : vif;
  const sized = mtu === undefined ? ok() : setProperty(name, 'mtu', String(mtu));
  if (device.ok && sized.ok) {
    return ok({ fds: fds.value, mac: macOf(name), mtu: Number(property(name, 'mtu')) });
  }
  closeAll(fds.value);
  return device.ok ? (sized as Result<never>) : device;
}

function mustFind(vif: string): Result<string> {
  const name = findTap(vif);
  return name === undefined ? fail('ENODEV', `there is no device of ${vif}`) : ok(name);
}

/** Up or down. A script does the same. ENODEV. */
export function setTapUp(vif: string, isUp: boolean): Result<void> {
  const found = mustFind(vif);
  if (!found.ok) return found;
  const name = found.value;
  const flags = Number(property(name, 'flags') ?? 0);
  const wanted = isUp ? flags | abi.IFF_UP : flags & ~abi.IFF_UP;
  return setProperty(name, 'flags', `0x${wanted.toString(16)}`);
}

/**
 * Whether something is at the other end, while the device is up; one that was just opened says so.
 * ENODEV.
 */
export function setTapCarrier(vif: string, isThere: boolean): Result<void> {
  const found = mustFind(vif);
  return found.ok ? setProperty(found.value, 'carrier', isThere ? '1' : '0') : found;
}

/** One who keeps a device's carrier up while nobody serves it. */
export interface HeldTap {
  release(): void;
}

/**
 * Holds the vif's device by a queue of its own that gets no frames: when a process dies that
 * serves it, its carrier stays, and no bridge learns that it was away. ENODEV: there is none.
 */
export function holdTap(vif: string): Result<HeldTap> {
  const c = libc();
  if (!c.ok) return c;
  const found = mustFind(vif);
  if (!found.ok) return found;
  const name = found.value;
  const fd = openOther(name);
  if (!fd.ok) return fd;
  const request = ifreq(name, abi.IFF_DETACH_QUEUE) as Uint8Array;
  if (c.value.ioctl(fd.value, abi.TUNSETQUEUE, request) === 0) {
    return ok({ release: () => closeSync(fd.value) });
  }
  const failure = lastFailure(`cannot hold ${name}`);
  closeSync(fd.value);
  return failure;
}

/** Removes the vif's device as soon as nobody serves or holds it. Without one it is done. */
export function removeTap(vif: string): Result<void> {
  const name = findTap(vif);
  if (name === undefined) return ok();
  const fd = openOther(name);
  if (!fd.ok) return fd;
  const left = setKept(fd.value, false);
  closeSync(fd.value);
  return left;
}
