/** What watchers are being told: a path, encoded once where many are told of it. */

import { XENSTORE_PAYLOAD_MAX } from '../../../shared/abi/xs-wire.ts';
import { putLatin1 } from '../../../shared/xenstore/wire.ts';
import type { Said } from './waiting-events.ts';

export interface Told extends Said {
  pathHash: number;
  /** `@...`: every such event goes out, equal ones too. */
  special: boolean;
  /** The path, once `encoded`. */
  readonly bytes: Uint8Array;
  encoded: boolean;
  /** Of `bytes`, from `viewFrom` on. */
  view: Uint8Array | undefined;
  viewFrom: number;
}

export function createTold(): Told {
  return {
    ...{ path: '', from: 0, token: '', hash: 0, pathHash: 0, special: false },
    bytes: new Uint8Array(XENSTORE_PAYLOAD_MAX),
    encoded: false,
    view: undefined,
    viewFrom: 0,
  };
}

/** Where a domain's number lies in most paths. */
const DOMID_AT = '/local/domain/'.length;

/**
 * For finding equal texts soon: of what tells most of them apart, since an engine without a
 * compiler pays for every character.
 */
export function hashOf(text: string): number {
  const { length } = text;
  let hash = length;
  for (let i = Math.max(0, length - 10); i < length; i++) {
    hash = (Math.imul(hash, 31) + text.charCodeAt(i)) | 0;
  }
  const end = Math.min(length - 10, DOMID_AT + 3);
  for (let i = DOMID_AT; i < end; i++) hash = (Math.imul(hash, 31) + text.charCodeAt(i)) | 0;
  return hash;
}

/** Events are about `path` from now on, which `many` are told of. */
export function tell(told: Told, path: string, many: boolean): void {
  told.path = path;
  told.pathHash = hashOf(path);
  told.special = path.startsWith('@');
  told.encoded = many && path.length <= told.bytes.length;
  told.view = undefined;
  if (told.encoded) putLatin1(told.bytes, 0, path);
}

/** Who is told, and how. */
export function address(told: Told, from: number, token: string, tokenHash: number): void {
  told.from = from;
  told.token = token;
  told.hash = Math.imul(told.pathHash, 31) ^ tokenHash;
}

/** Writes the event's payload at `at`. */
export function putEvent(told: Told, bytes: Uint8Array, at: number): void {
  const { path, from, token } = told;
  let next = at;
  if (told.encoded) {
    if (told.view === undefined || told.viewFrom !== from) {
      told.view = told.bytes.subarray(from, path.length);
      told.viewFrom = from;
    }
    bytes.set(told.view, at);
    next += path.length - from;
  } else for (let i = from; i < path.length; i++) bytes[next++] = path.charCodeAt(i);
  bytes[next] = 0;
  next = putLatin1(bytes, next + 1, token);
  bytes[next] = 0;
}
