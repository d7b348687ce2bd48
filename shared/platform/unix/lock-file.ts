/**
 * One holder at a time, by flock(2): the kernel frees the lock with its process, however that ends,
 * so that what a killed one leaves behind locks nobody out.
 */

import {
  closeSync,
  constants,
  fstatSync,
  ftruncateSync,
  openSync,
  readSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { ERRNO } from '../../core/errno.ts';
import { fail, ok, type Result } from '../../core/result.ts';
import { bind, ffi, lastFailure, once } from './ffi.ts';
import { fileFailure } from './line-file.ts';

export interface Lock {
  /** Removes the file, then lets others in. */
  release(): void;
}

const libc = once(() => bind('libc.so.6', { flock: ['int', 'int', 'int'] }));

/** sys/file.h of Linux. */
const LOCK_EX = 2;
const LOCK_NB = 4;
const LOCK_UN = 8;

/** A symbolic link is somebody's mistake, or a trap. */
const { O_RDWR, O_CREAT, O_NOFOLLOW } = constants;
const MODE = 0o600;

/** A process number and its end of line. */
const SIGNED_MAX = 16;

/** Times that others may take the file away between our open and our lock. */
const ATTEMPTS = 1000;

/** Whether `path` still names the file of `fd`: its last holder removes it before others get in. */
function isStillAt(path: string, fd: number): boolean {
  const there = statSync(path, { throwIfNoEntry: false, bigint: true });
  const mine = fstatSync(fd, { bigint: true });
  return there !== undefined && there.ino === mine.ino && there.dev === mine.dev;
}

/** Tells the others who has it: a courtesy, which a full disk does not let us do. */
function sign(fd: number): void {
  try {
    ftruncateSync(fd);
    writeSync(fd, `${process.pid}\n`, 0);
  } catch {
    // They are told that somebody has it.
  }
}

function holder(fd: number): string {
  const signed = Buffer.alloc(SIGNED_MAX);
  const [number] = signed.toString('latin1', 0, readSync(fd, signed, 0, SIGNED_MAX, 0)).split('\n');
  return number ? `process ${number}` : 'somebody';
}

function remove(path: string, fd: number): void {
  try {
    if (isStillAt(path, fd)) rmSync(path, { force: true });
  } catch {
    // A file that is left locks nobody out.
  }
}

/** A descriptor that holds the lock, undefined if the file was removed meanwhile. */
function tryLock(path: string, fd: number): Result<number | undefined> {
  const library = libc();
  if (!library.ok) return library;
  if (library.value.flock(fd, LOCK_EX | LOCK_NB) !== 0) {
    if (ffi().errno() !== ERRNO.EAGAIN) return lastFailure(`cannot lock ${path}`);
    return fail('EBUSY', `${path} is locked by ${holder(fd)}`);
  }
  if (!isStillAt(path, fd)) return ok(undefined);
  sign(fd);
  return ok(fd);
}

function attempt(path: string): Result<number | undefined> {
  let fd = -1;
  try {
    fd = openSync(path, O_RDWR | O_CREAT | O_NOFOLLOW, MODE);
    const locked = tryLock(path, fd);
    if (!locked.ok || locked.value === undefined) closeSync(fd);
    return locked;
  } catch (thrown) {
    if (fd >= 0) closeSync(fd);
    return fileFailure(`cannot lock ${path}`, thrown);
  }
}

/**
 * Locks the file at `path`, made if need be, until `release` or the end of this process. Waits for
 * nobody: EBUSY names the process that holds it. ENOENT, EACCES and the like: it cannot be made.
 */
export function lockFile(path: string): Result<Lock> {
  for (let i = 0; i < ATTEMPTS; i++) {
    const locked = attempt(path);
    if (!locked.ok) return locked;
    const fd = locked.value;
    if (fd === undefined) continue;
    let held = true;
    return ok({
      release: () => {
        if (!held) return;
        held = false;
        remove(path, fd);
        const library = libc();
        // Not by closing alone: a child on its way to another program may have the descriptor, too.
        if (library.ok) library.value.flock(fd, LOCK_UN);
        closeSync(fd);
      },
    });
  }
  return fail('EBUSY', `${path} is taken by others again and again`);
}
