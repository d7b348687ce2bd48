/**
 * How qemu-nbd is told to serve an image, and what its failures mean (qemu-nbd(8); the words are
 * those of QEMU 7.2 to 10.0).
 *
 * One client at a time, whose successor it takes when the last one's requests have ended. No cache
 * of the host's, where the file system lets it do without (O_DIRECT): a guest's data is in the
 * guest's cache already. Operations by threads, which work on every kernel and file system:
 * io_uring is switched off on some hosts, and the kernel's AIO blocks where an image grows. What a
 * guest discards is given back; what it writes is not searched for zeroes, which would cost time
 * with each write and give back what an operator has allocated.
 */

import { closeSync, constants, openSync, statSync } from 'node:fs';
import { basename } from 'node:path';
import { type Failure, fail, ok, type Result } from '../../core/result.ts';
import type { ImageFormat } from '../../nbd/target.ts';
import { reasonOf } from './reason.ts';

const { O_RDONLY, O_NONBLOCK, O_DIRECT } = constants;

/** Formats by QEMU's names for them. */
const QEMU_FORMAT: Readonly<Record<ImageFormat, string>> = {
  ...{ qcow2: 'qcow2', qcow: 'qcow', qed: 'qed', vmdk: 'vmdk', vhdx: 'vhdx' },
  vhd: 'vpc',
};

export interface ServedImage {
  /** Absolute. */
  readonly path: string;
  readonly format: ImageFormat;
  readonly isReadOnly: boolean;
}

export interface ServerPaths {
  readonly socket: string;
  /** Where the server writes its number when it listens. */
  readonly pid: string;
}

/**
 * Whether the image can be opened without the host's cache. ENOENT, EACCES, EISDIR and their like
 * say what is wrong with the path.
 */
export function isDirect({ path }: ServedImage): Result<boolean> {
  try {
    const stat = statSync(path);
    if (stat.isDirectory()) return fail('EISDIR', `cannot open ${path}: is a directory`);
    if (!stat.isFile() && !stat.isBlockDevice()) {
      return fail('EINVAL', `${path} is no file and no block device`);
    }
    closeSync(openSync(path, O_RDONLY | O_NONBLOCK | O_DIRECT));
    return ok(true);
  } catch (thrown) {
    const { errno, words } = reasonOf(thrown);
    return errno === 'EINVAL' ? ok(false) : fail(errno, `cannot open ${path}: ${words}`);
  }
}

export function qemuNbdArguments(
  { path, format, isReadOnly }: ServedImage,
  { socket, pid }: ServerPaths,
  direct: boolean,
): string[] {
  return [
    ...['--persistent', '--shared=1', `--socket=${socket}`, `--pid-file=${pid}`],
    ...[`--format=${QEMU_FORMAT[format]}`, `--cache=${direct ? 'none' : 'writeback'}`],
    ...['--aio=threads', '--discard=unmap', '--detect-zeroes=off'],
    ...(isReadOnly ? ['--read-only'] : []),
    path,
  ];
}

/** Whether a process, by the words of its command line, is the server of this socket. */
export function isServerOf(command: readonly string[], { socket }: ServerPaths): boolean {
  return basename(command[0] ?? '') === 'qemu-nbd' && command.includes(`--socket=${socket}`);
}

const IN_USE = /Failed to get|another process using the image|Device or resource busy/;
/** Of each format one: they do not say it alike. */
const NOT_OF_FORMAT =
  /not in \w+ format|invalid (VPC|VMDK) image|Could not open .*Invalid argument/;
const MISSING = /Could not open .*No such file or directory/;

/** What it has said before it ended. */
export function imageFailure({ path, format }: ServedImage, words: string): Failure {
  const said = words
    .replace(/^qemu-nbd: (?:Failed to blk_new_open '[^\n]*?': )?/, '')
    .replace(/[^ -~]+/g, ' ')
    .trim();
  if (IN_USE.test(words)) return fail('EBUSY', `${path} is in use: ${said}`).error;
  if (NOT_OF_FORMAT.test(words)) {
    return fail('EINVAL', `${path} is no image of the format ${format}: ${said}`).error;
  }
  if (MISSING.test(words)) return fail('ENOENT', `${path}: ${said}`).error;
  return fail('EIO', `qemu-nbd does not serve ${path}: ${said === '' ? 'no reason given' : said}`)
    .error;
}
