/** Disks of a driver domain, for its back end: its own devices by name, and partitions of them. */

import { domid } from '../../shared/core/ids.ts';
import { fail, ok, type Result } from '../../shared/core/result.ts';
import { virtualDeviceNumber } from '../../shared/domain/spec/virtual-device.ts';
import type { BlockIo } from '../../shared/platform/block-io.ts';
import type { Clock } from '../../shared/platform/clock.ts';
import type { Offer } from '../../shared/platform/grants.ts';
import { PAGE_SIZE } from '../../shared/platform/region.ts';
import { startStopwatch } from '../../shared/telemetry/stopwatch.ts';
import { readGpt, tableBytes } from './core/gpt.ts';
import { clash, type Part, partOf } from './core/part.ts';
import { type DiskPlace, parsePlace } from './core/place.ts';
import type { Uplink } from './core/uplink.ts';
import { openUplink, type UplinkDevice, type UplinkHost } from './device.ts';

export interface DisksHost extends UplinkHost {
  /** Our own. */
  readonly domid: number;
  readonly clock: Pick<Clock, 'after' | 'nowMs'>;
}

export interface AskedDisk {
  /** `xvda`, `xvda2`, `xvda:NAME`. */
  readonly target: string;
  readonly isReadOnly: boolean;
  readonly isShared: boolean;
  /** Of memory for its data. */
  readonly pages: number;
}

export interface OpenDisk {
  readonly io: BlockIo;
  readonly data: Offer;
}

export interface Disks {
  /**
   * EAGAIN: its back end has not connected it yet; ENOENT: there is no such disk or partition;
   * EBUSY: somebody else uses it.
   */
  open(asked: AskedDisk, onDone: () => void): Promise<Result<OpenDisk>>;
  close(disk: OpenDisk): void;
}

interface State {
  readonly host: DisksHost;
  /** By device number: those that are there, or on their way. */
  readonly devices: Map<number, Promise<Result<UplinkDevice>>>;
  readonly open: Map<OpenDisk, Part>;
}

/** For a back end to connect us: it does when it has begun, and is tried again when it has not. */
const CONNECT_MS = 1000;

const FORM = 'xvda, xvda2 for its second partition, or xvda:NAME';

/** The device's number, and whether it is all that is asked for. */
async function findDevice(
  { host }: State,
  { disk, partition }: DiskPlace,
): Promise<Result<{ readonly number: number; readonly isWhole: boolean }>> {
  const root = `/local/domain/${host.domid}/device/vbd`;
  const there = await host.session.directory(root);
  if (!there.ok && there.error.errno !== 'ENOENT') return there;
  const names = there.ok ? there.value : [];
  const has = (name: string): number | undefined => {
    const number = virtualDeviceNumber(name);
    return number !== undefined && names.includes(String(number)) ? number : undefined;
  };
  // A device may have the number of a partition.
  const exact = typeof partition === 'string' ? undefined : has(`${disk}${partition ?? ''}`);
  if (exact !== undefined) return ok({ number: exact, isWhole: true });
  const whole = has(disk);
  if (whole === undefined) return fail('ENOENT', `this domain has no disk ${disk}`);
  return ok({ number: whole, isWhole: partition === undefined });
}

/** Once its back end has connected it, which may take a moment, or until nobody waits longer. */
function uplinkOf({ host, devices }: State, number: number): Promise<Result<UplinkDevice>> {
  const path = `/local/domain/${host.domid}/device/vbd/${number}`;
  const times = startStopwatch(host.clock);
  const opening =
    devices.get(number) ??
    openUplink(host, path).then((device) => {
      times.part('handshake');
      if (device.ok) host.log(`${path}: connected after ${times.text()}`);
      else devices.delete(number);
      return device;
    });
  devices.set(number, opening);
  return new Promise((resolve) => {
    const cancel = host.clock.after(CONNECT_MS, () =>
      resolve(fail('EAGAIN', `${path} is not connected yet`)),
    );
    void opening.then((device) => {
      cancel();
      resolve(device);
    });
  });
}

/** The first bytes of a disk, in memory that is to be given back. */
async function readStart(host: UplinkHost, device: UplinkDevice): Promise<Result<Offer>> {
  const { uplink, backendId } = device;
  const { sectorBytes, sectors } = uplink.shape;
  const bytes = Math.min(tableBytes(sectorBytes), sectors * 512);
  const data = host.grants.offer(domid(backendId), Math.ceil(bytes / PAGE_SIZE), 'rw');
  if (!data.ok) return data;
  const result = await new Promise<number>((resolve) => {
    const into = new Int32Array(2);
    const io = uplink.open(data.value, () => {
      if (io.completions(into) === 0) return;
      io.close();
      resolve(into[1] as number);
    });
    io.read(0, 0, data.value.region, 0, bytes);
    io.submit();
  });
  if (result === 0) return data;
  host.grants.revoke(data.value);
  return fail('EIO', 'cannot read the partition table');
}

async function findPart(
  { host }: State,
  device: UplinkDevice,
  { disk, partition }: DiskPlace,
): Promise<Result<Pick<Part, 'first' | 'sectors'>>> {
  const start = await readStart(host, device);
  if (!start.ok) return start;
  const { sectorBytes, sectors } = device.uplink.shape;
  const table = readGpt(start.value.region.bytes, sectorBytes, sectors);
  host.grants.revoke(start.value);
  if (!table.ok) return fail(table.error.errno, `${disk}: ${table.error.what}`);
  const found = table.value.filter(({ number, name }) =>
    typeof partition === 'string' ? name === partition : number === partition,
  );
  const [only] = found;
  if (only !== undefined && found.length === 1) return ok(only);
  const word = typeof partition === 'string' ? `'${partition}'` : partition;
  const what = only === undefined ? 'has no partition' : `has ${found.length} partitions`;
  return fail('ENOENT', `${disk} ${what} ${word}`);
}

async function open(state: State, asked: AskedDisk, onDone: () => void): Promise<Result<OpenDisk>> {
  const place = parsePlace(asked.target);
  if (place === undefined) {
    return fail('EINVAL', `'${asked.target}' names no disk of a driver domain: ${FORM}`);
  }
  const device = await findDevice(state, place);
  if (!device.ok) return device;
  const uplink = await uplinkOf(state, device.value.number);
  if (!uplink.ok) return uplink;
  const whole = { first: 0, sectors: undefined };
  const range = device.value.isWhole ? ok(whole) : await findPart(state, uplink.value, place);
  if (!range.ok) return range;
  const { isReadOnly, isShared, pages } = asked;
  const part: Part = {
    ...{ disk: String(device.value.number), isReadOnly, isShared },
    ...range.value,
  };
  return openPart(state, uplink.value, part, pages, { target: asked.target, onDone });
}

function openPart(
  state: State,
  { uplink, backendId }: { readonly uplink: Uplink; readonly backendId: number },
  part: Part,
  pages: number,
  { target, onDone }: { readonly target: string; readonly onDone: () => void },
): Result<OpenDisk> {
  if (!part.isReadOnly && uplink.shape.isReadOnly) {
    return fail('EROFS', `${target} can only be read`);
  }
  for (const other of state.open.values()) {
    if (clash(part, other)) return fail('EBUSY', `${target} is in use`);
  }
  const data = state.host.grants.offer(domid(backendId), pages, 'rw');
  if (!data.ok) return data;
  const disk = { io: partOf(uplink.open(data.value, onDone), part), data: data.value };
  state.open.set(disk, part);
  return ok(disk);
}

export function openDisks(host: DisksHost): Disks {
  const state: State = { host, devices: new Map(), open: new Map() };
  return {
    open: (asked, onDone) => open(state, asked, onDone),
    close: (disk) => {
      state.open.delete(disk);
      disk.io.close();
      host.grants.revoke(disk.data);
    },
  };
}
