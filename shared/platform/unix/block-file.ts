/**
 * Raw images and block devices as disks. The lock on an image's open file is both the check against
 * two writers and a fence: it falls only when the last operation under way has ended, of a process
 * that is dead, too, since each holds a reference to the open file (flock(2)).
 */

import { closeSync, constants, fstatSync, openSync, type Stats, statSync } from 'node:fs';
import { fail, ok, type Result } from '../../core/result.ts';
import { type BlockIo, type BlockShape, NUMBERS_MAX } from '../block-io.ts';
import type { Region } from '../region.ts';
import { threadEngine } from './block-threads.ts';
import { uringEngine } from './block-uring.ts';
import { bind, lastFailure, once } from './ffi.ts';
import type { Poller } from './poller.ts';
import { reasonOf } from './reason.ts';
import { hasWriteCache } from './write-cache.ts';

const { O_RDONLY, O_RDWR, O_DIRECT, O_EXCL } = constants;
const LOCK_SH = 1;
const LOCK_EX = 2;
const LOCK_NB = 4;
/** linux/fs.h. */
const BLKGETSIZE64 = 0x8008_1272;
const BLKSSZGET = 0x1268;

const EIO = 5;

const libc = once(() =>
  bind('libc.so.6', {
    flock: ['int', 'int', 'int'],
    ioctl: ['int', 'int', 'ulong', 'void *'],
  }),
);

/** What an engine is asked for. */
export type BlockOperation = 'read' | 'write' | 'flush' | 'discard';

/** Who does what is asked for: the kernel alone, or threads. */
export interface BlockEngine {
  readonly canDiscard: boolean;
  /** Bytes of the file from `offset` on, and of the memory from `at` on. */
  ask(number: number, what: BlockOperation, offset: number, at: number, bytes: number): void;
  submit(): void;
  /** Two words each: the number, and the bytes done or a negative errno. */
  completions(into: Int32Array): number;
  close(): void;
}

export interface BlockFileOptions {
  readonly path: string;
  readonly isReadOnly: boolean;
  /** Others may write it, too. */
  readonly isShared?: boolean;
  /** Where all data lies, and its address. */
  readonly memory: Region;
  readonly address: number;
  readonly poller: Poller;
  /** There are completions. */
  readonly onDone: () => void;
  /** `threads` where io_uring is not wanted. */
  readonly engine?: 'uring' | 'threads';
}

interface Opened {
  readonly fd: number;
  readonly stat: Stats;
  /** Nothing written through it stays in this host's memory. */
  readonly isDirect: boolean;
}

/**
 * O_DIRECT where the file system has it: a guest's data is in the guest's cache already. O_EXCL: a
 * block device that is mounted, or somebody else's, is not written.
 */
function open({ path, isReadOnly, isShared }: BlockFileOptions): Result<Opened> {
  const openWith = (direct: number): Opened => {
    const isDevice = statSync(path).isBlockDevice();
    const exclusive = isDevice && !isReadOnly && !isShared ? O_EXCL : 0;
    const fd = openSync(path, (isReadOnly ? O_RDONLY : O_RDWR) | exclusive | direct);
    return { fd, stat: fstatSync(fd), isDirect: direct !== 0 };
  };
  try {
    return ok(openWith(O_DIRECT));
  } catch (thrown) {
    if (reasonOf(thrown).errno !== 'EINVAL') return notOpened(path, thrown);
  }
  try {
    return ok(openWith(0));
  } catch (thrown) {
    return notOpened(path, thrown);
  }
}

function notOpened(path: string, thrown: unknown): Result<never> {
  const { errno, words } = reasonOf(thrown);
  return errno === 'EBUSY'
    ? fail(errno, `${path} is in use`)
    : fail(errno, `cannot open ${path}: ${words}`);
}

function lock({ path, isReadOnly, isShared }: BlockFileOptions, fd: number): Result<void> {
  const c = libc();
  if (!c.ok) return c;
  if (isShared) return ok();
  if (c.value.flock(fd, (isReadOnly ? LOCK_SH : LOCK_EX) | LOCK_NB) === 0) return ok();
  const failure = lastFailure(`cannot lock ${path}`);
  return failure.error.errno === 'EAGAIN' ? fail('EBUSY', `${path} is in use`) : failure;
}

interface Size {
  /** Whole ones of 512 bytes. */
  readonly sectors: number;
  readonly sectorBytes: number;
}

function sizeOf(path: string, { fd, stat }: Pick<Opened, 'fd' | 'stat'>): Result<Size> {
  const sectorsOf = (bytes: number): number => Math.floor(bytes / 512);
  if (stat.isFile()) return ok({ sectors: sectorsOf(stat.size), sectorBytes: 512 });
  if (!stat.isBlockDevice()) return fail('EINVAL', `${path} is no file and no block device`);
  const c = libc();
  if (!c.ok) return c;
  const [size, sector] = [new BigUint64Array(1), new Int32Array(1)];
  const failed =
    c.value.ioctl(fd, BLKGETSIZE64, size) !== 0 || c.value.ioctl(fd, BLKSSZGET, sector) !== 0;
  if (failed) return lastFailure(`cannot measure ${path}`);
  return ok({ sectors: sectorsOf(Number(size[0])), sectorBytes: sector[0] as number });
}

/** What a disk is, which a look at its file changes. */
function measurable(
  path: string,
  fd: number,
  first: BlockShape,
): Pick<BlockIo, 'shape' | 'measure'> {
  const shape = { ...first };
  const measure = (sectorsMax: number): Result<void> => {
    const size = statAgain(path, fd);
    if (!size.ok) return size;
    shape.sectors = Math.min(size.value.sectors, sectorsMax);
    return ok();
  };
  return { shape, measure };
}

function statAgain(path: string, fd: number): Result<Size> {
  try {
    return sizeOf(path, { fd, stat: fstatSync(fd) });
  } catch (thrown) {
    return fail(reasonOf(thrown).errno, `cannot measure ${path}: ${reasonOf(thrown).words}`);
  }
}

/** What has come of an operation: less than all of it is a failure. */
function resultOf(result: number, wanted: number): number {
  if (result < 0) return result;
  return result === wanted ? 0 : -EIO;
}

function blockIo(
  engine: BlockEngine,
  { shape, measure }: Pick<BlockIo, 'shape' | 'measure'>,
  memory: Region,
  close: () => void,
): BlockIo {
  /** By number: how many bytes it is to move. */
  const wanted = new Int32Array(NUMBERS_MAX);
  const ask = (
    number: number,
    what: BlockOperation,
    offset: number,
    at: number,
    bytes: number,
  ): void => {
    wanted[number] = what === 'read' || what === 'write' ? bytes : 0;
    engine.ask(number, what, offset, at, bytes);
  };
  const checked = (region: Region, at: number): number => {
    if (region !== memory) throw new Error('a disk is asked about memory that it does not know');
    return at;
  };
  return {
    shape,
    measure,
    read: (number, sector, region, at, bytes) =>
      ask(number, 'read', sector * 512, checked(region, at), bytes),
    write: (number, sector, region, at, bytes) =>
      ask(number, 'write', sector * 512, checked(region, at), bytes),
    flush: (number) => ask(number, 'flush', 0, 0, 0),
    discard: (number, sector, sectors) => ask(number, 'discard', sector * 512, 0, sectors * 512),
    submit: engine.submit,
    completions: (into) => {
      const count = engine.completions(into);
      for (let i = 0; i < count; i++) {
        const bytes = wanted[into[2 * i] as number] as number;
        into[2 * i + 1] = resultOf(into[2 * i + 1] as number, bytes);
      }
      return count;
    },
    close,
  };
}

function openEngine(options: BlockFileOptions, fd: number): Result<BlockEngine> {
  const { engine = 'uring', memory, address, poller, onDone } = options;
  const target = { fd, address, bytes: memory.bytes.length };
  const uring = engine === 'uring' ? uringEngine(target, poller, onDone) : fail('ENOSYS', '');
  return uring.ok ? uring : ok(threadEngine(fd, memory, onDone));
}

/**
 * ENOENT, EACCES, EISDIR and their like say what is wrong with the path; EBUSY: somebody writes it,
 * or reads it where we are to write.
 */
export function openBlockFile(options: BlockFileOptions): Result<BlockIo> {
  const { path, isReadOnly, memory } = options;
  const opened = open(options);
  if (!opened.ok) return opened;
  const { fd } = opened.value;
  const locked = lock(options, fd);
  const measured = locked.ok ? sizeOf(path, opened.value) : locked;
  const engine = measured.ok ? openEngine(options, fd) : measured;
  if (!measured.ok || !engine.ok) {
    closeSync(fd);
    return measured.ok ? (engine as Result<never>) : measured;
  }
  const { isDirect, stat } = opened.value;
  const isSure = isDirect && stat.isBlockDevice() && !hasWriteCache(stat.rdev);
  const shape: BlockShape = {
    ...measured.value,
    ...(isSure && { cannotFlush: true as const }),
    isReadOnly,
    canDiscard: engine.value.canDiscard && !isReadOnly,
    canDiscardSecurely: false,
  };
  return ok(
    blockIo(engine.value, measurable(path, fd, shape), memory, () => {
      engine.value.close();
      closeSync(fd);
    }),
  );
}
