/** The files port over node:fs. */

import { randomBytes } from 'node:crypto';
import * as fs from 'node:fs/promises';
import { dirname } from 'node:path';
import { fail, ok, type Result } from '../../core/result.ts';
import { isUtf8, textOfBytes, utf8 } from '../../core/utf8.ts';
import type { FileStat, Files } from '../files.ts';
import { decompress } from './decompress.ts';
import { makeFolders } from './folders.ts';
import { reasonOf } from './reason.ts';

/**
 * Files that are no regular files (a pipe, a device) could be read without end: they are refused.
 */
export function unixFiles(): Files {
  return {
    stat: (path) =>
      attempt(path, async () => statOf(path, await fs.stat(raw(path), { bigint: true }))),
    read: (path, limitBytes) => attempt(path, () => read(path, limitBytes)),
    write: (path, bytes) => attempt(path, () => write(path, bytes)),
    replace: (path, bytes) => attempt(path, () => replace(path, bytes)),
    truncate: (path, bytes) => attempt(path, () => truncate(path, bytes)),
    remove: (path) =>
      attempt(path, async () => {
        await fs.rm(raw(path), { force: true });
        return ok();
      }),
    list: async (path) => {
      const names = await attempt(path, async () => {
        const found = await fs.readdir(raw(path), { encoding: 'latin1' });
        return ok(found.map(textOfBytes));
      });
      return !names.ok && names.error.errno === 'ENOENT' ? ok([]) : names;
    },
    decompress,
  };
}

/** As the system takes it; text, where it is any. */
function raw(path: string): string | Buffer {
  return isUtf8(path) ? path : Buffer.from(utf8(path), 'latin1');
}

type BigStats = Awaited<ReturnType<typeof statBig>>;
const statBig = (path: string) => fs.stat(path, { bigint: true });

function statOf(path: string, stat: BigStats): Result<FileStat> {
  if (stat.isDirectory()) return fail('EISDIR', `${path}: is a directory`);
  if (!stat.isFile()) return fail('EINVAL', `${path}: is not a regular file`);
  const identity = [stat.dev, stat.ino, stat.size, stat.mtimeNs, stat.ctimeNs].join('-');
  return ok({ bytes: Number(stat.size), identity });
}

async function read(path: string, limitBytes: number): Promise<Result<Uint8Array>> {
  const file = await fs.open(raw(path), fs.constants.O_RDONLY | fs.constants.O_NONBLOCK);
  try {
    const stat = statOf(path, await file.stat({ bigint: true }));
    if (!stat.ok) return stat;
    const { bytes } = stat.value;
    if (bytes > limitBytes) {
      return fail('E2BIG', `${path}: has ${bytes} bytes, and may have at most ${limitBytes}`);
    }
    // Never from the shared pool: these bytes outlive the call, as views of kernels.
    const content = new Uint8Array(bytes);
    let at = 0;
    while (at < bytes) {
      const { bytesRead } = await file.read(content, at, bytes - at, at);
      if (bytesRead === 0) return ok(content.subarray(0, at));
      at += bytesRead;
    }
    return ok(content);
  } finally {
    await file.close();
  }
}

async function truncate(path: string, bytes: number): Promise<Result<void>> {
  const file = await fs.open(raw(path), fs.constants.O_RDWR | fs.constants.O_NONBLOCK);
  try {
    const stat = statOf(path, await file.stat({ bigint: true }));
    if (!stat.ok) return stat;
    await file.truncate(bytes);
    return ok();
  } finally {
    await file.close();
  }
}

async function write(path: string, bytes: Uint8Array): Promise<Result<void>> {
  const folder = makeFolders(dirname(path), 0o700);
  if (!folder.ok) return folder;
  await putWhole(path, bytes, { mode: 0o600 });
  return ok();
}

async function replace(path: string, bytes: Uint8Array): Promise<Result<void>> {
  const found = await fs.realpath(raw(path), { encoding: 'latin1' }).catch(() => undefined);
  const file = found === undefined ? path : textOfBytes(found);
  const now = await fs.stat(raw(file)).catch(() => undefined);
  const { mode, uid, gid } = now ?? { mode: 0o644 };
  const owner = uid === undefined || gid === undefined ? undefined : { uid, gid };
  await putWhole(file, bytes, { mode: mode & 0o7777, owner });
  return ok();
}

interface Rights {
  readonly mode: number;
  readonly owner?: { readonly uid: number; readonly gid: number } | undefined;
}

async function putWhole(path: string, bytes: Uint8Array, { mode, owner }: Rights): Promise<void> {
  const draft = raw(`${path}.${randomBytes(6).toString('hex')}`);
  try {
    const file = await fs.open(draft, 'wx', 0o600);
    try {
      await file.writeFile(bytes);
      if (owner !== undefined) await file.chown(owner.uid, owner.gid);
      // After the owner, whose change takes bits away; and whatever the umask is.
      await file.chmod(mode);
      await file.sync();
    } finally {
      await file.close();
    }
    await fs.rename(draft, raw(path));
  } catch (error) {
    await fs.rm(draft, { force: true });
    throw error;
  }
}

/** Node's exceptions as failures that name the path. */
async function attempt<T>(path: string, act: () => Promise<Result<T>>): Promise<Result<T>> {
  try {
    return await act();
  } catch (error) {
    const { errno, words } = reasonOf(error);
    return fail(errno, `${path}: ${words}`);
  }
}
