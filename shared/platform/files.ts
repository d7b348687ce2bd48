/** Port: the few things done with files: kernels, ramdisks, and a cache of what was unpacked. */

import type { Result } from '../core/result.ts';

export interface FileStat {
  readonly bytes: number;
  /** Changes whenever the file's content may have: device, inode, size and times as text. */
  readonly identity: string;
}

/** How a kernel's payload may be packed. */
export type Compression = 'gzip' | 'xz' | 'lzma' | 'zstd' | 'lz4' | 'bzip2' | 'lzop';

/** In paths and names a byte that is no UTF-8 stands as core's `textOfBytes` has it. */
export interface Files {
  /** ENOENT, EACCES; EISDIR or EINVAL for what is not a regular file. Failures name the path. */
  stat(path: string): Promise<Result<FileStat>>;
  /** The whole file; E2BIG if it has more than `limitBytes`. The bytes are the caller's own. */
  read(path: string, limitBytes: number): Promise<Result<Uint8Array>>;
  /** Writes a file for its owner alone, as a whole or not at all; missing folders are made. */
  write(path: string, bytes: Uint8Array): Promise<Result<void>>;
  /**
   * Gives a file of somebody else's new content, as a whole or not at all: where a link leads to,
   * with the owner and mode that it had. One that is not there yet is made for all to read.
   */
  replace(path: string, bytes: Uint8Array): Promise<Result<void>>;
  /** Makes a file longer, by zeros, or shorter. As `stat` for what is not a regular file. */
  truncate(path: string, bytes: number): Promise<Result<void>>;
  /** What does not exist is no error. */
  remove(path: string): Promise<Result<void>>;
  /** Names in a folder; none if it does not exist. */
  list(path: string): Promise<Result<readonly string[]>>;
  /**
   * EINVAL for broken input, E2BIG for more than `limitBytes`, EOPNOTSUPP for a format unknown
   * here.
   */
  decompress(kind: Compression, packed: Uint8Array, limitBytes: number): Result<Uint8Array>;
}
