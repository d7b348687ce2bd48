/** What a client does with nodes, alone or inside a transaction. */

import {
  XS_DIRECTORY,
  XS_DIRECTORY_PART,
  XS_GET_PERMS,
  XS_MKDIR,
  XS_READ,
  XS_RM,
  XS_SET_PERMS,
  XS_WRITE,
} from '../abi/xs-wire.ts';
import type { Result } from '../core/result.ts';
import { fail, ok } from '../core/result.ts';
import { fromLatin1 } from '../core/text.ts';
import type { Permission } from './permissions.ts';
import { formatPermission, parsePermissions } from './permissions.ts';
import type { Requests } from './requests.ts';
import { isCString, isLatin1, splitStrings } from './strings.ts';

/** One node to be written, with its permissions if they differ from what it inherits. */
export interface NodeToWrite {
  readonly path: string;
  readonly value: string | Uint8Array;
  readonly permissions?: readonly Permission[];
}

/**
 * Paths and string values are latin1: one char is one byte (EINVAL for others). Errors are the
 * store's, each naming the request and its path.
 */
export interface Nodes {
  read(path: string): Promise<Result<Uint8Array>>;
  readString(path: string): Promise<Result<string>>;
  /** The children's names, however many, all from one state of the node. */
  directory(path: string): Promise<Result<readonly string[]>>;
  /** False for ENOENT; other errors stay errors. */
  exists(path: string): Promise<Result<boolean>>;
  /** Creates the node, and its parents, if missing. */
  write(path: string, value: string | Uint8Array): Promise<Result<void>>;
  /** Writes all nodes in order without waiting between them; the first error, after all replies. */
  writeAll(nodes: readonly NodeToWrite[]): Promise<Result<void>>;
  mkdir(path: string): Promise<Result<void>>;
  /** Removes the node and all below it. A node that is not there is no error if its parent is. */
  rm(path: string): Promise<Result<void>>;
  getPerms(path: string): Promise<Result<readonly Permission[]>>;
  setPerms(path: string, permissions: readonly Permission[]): Promise<Result<void>>;
}

/** How often a directory that changes while it is read in parts is begun again. */
const PART_ATTEMPTS = 16;

/** Sends an operation on a path, what follows the path's NUL in `rest`. */
type On = (
  type: number,
  name: string,
  path: string,
  ...rest: readonly (string | Uint8Array)[]
) => Promise<Result<Uint8Array>>;

async function done(reply: Promise<Result<Uint8Array>>): Promise<Result<void>> {
  const result = await reply;
  return result.ok ? ok() : result;
}

function write(on: On, path: string, value: string | Uint8Array): Promise<Result<void>> {
  if (typeof value === 'string' && !isLatin1(value)) {
    return Promise.resolve(fail('EINVAL', `write ${path}: the value is not latin1`));
  }
  return done(on(XS_WRITE, 'write', path, value));
}

function setPerms(on: On, path: string, permissions: readonly Permission[]): Promise<Result<void>> {
  const list = permissions.map(formatPermission).join('\0');
  return done(on(XS_SET_PERMS, 'setPerms', path, `${list}\0`));
}

async function writeAll(on: On, nodes: readonly NodeToWrite[]): Promise<Result<void>> {
  const replies: Promise<Result<void>>[] = [];
  for (const { path, value, permissions } of nodes) {
    replies.push(write(on, path, value));
    if (permissions !== undefined) replies.push(setPerms(on, path, permissions));
  }
  const results = await Promise.all(replies);
  return results.find((result) => !result.ok) ?? ok();
}

/** A directory too large for one reply; begun again if it changes meanwhile. */
async function directoryInParts(on: On, path: string): Promise<Result<readonly string[]>> {
  let names: string[] = [];
  let generation = '';
  let offset = 0;
  let attempts = 0;
  for (;;) {
    const part = await on(XS_DIRECTORY_PART, 'directory', path, `${offset}\0`);
    if (!part.ok) return part;
    const [now = '', ...found] = splitStrings(part.value);
    if (offset > 0 && now !== generation) {
      if (++attempts >= PART_ATTEMPTS) return fail('EAGAIN', `directory ${path}: never at rest`);
      names = [];
      offset = 0;
      continue;
    }
    generation = now;
    const last = found.at(-1) === '';
    if (last) found.pop();
    names.push(...found);
    if (last) return ok(names);
    if (found.length === 0) return fail('EPROTO', `directory ${path}: a part without names`);
    offset += found.reduce((sum, name) => sum + name.length + 1, 0);
  }
}

/** The operations within transaction `txId` (0: none). */
export function createNodes(requests: Requests, txId: number): Nodes {
  const on: On = (type, name, path, ...rest) => {
    const what = `${name} ${path}`;
    if (!isCString(path)) return Promise.resolve(fail('EINVAL', `${what}: not a path`));
    return requests.call(type, txId, what, path, '\0', ...rest);
  };
  const read = (path: string) => on(XS_READ, 'read', path);
  return {
    read,
    readString: async (path) => {
      const value = await read(path);
      return value.ok ? ok(fromLatin1(value.value)) : value;
    },
    directory: async (path) => {
      const all = await on(XS_DIRECTORY, 'directory', path);
      if (all.ok) return ok(splitStrings(all.value));
      return all.error.errno === 'E2BIG' ? directoryInParts(on, path) : all;
    },
    exists: async (path) => {
      const value = await read(path);
      if (value.ok) return ok(true);
      return value.error.errno === 'ENOENT' ? ok(false) : value;
    },
    write: (path, value) => write(on, path, value),
    writeAll: (nodes) => writeAll(on, nodes),
    mkdir: (path) => done(on(XS_MKDIR, 'mkdir', path)),
    rm: (path) => done(on(XS_RM, 'rm', path)),
    getPerms: async (path) => {
      const list = await on(XS_GET_PERMS, 'getPerms', path);
      return list.ok ? parsePermissions(splitStrings(list.value)) : list;
    },
    setPerms: (path, permissions) => setPerms(on, path, permissions),
  };
}
