/** What watchers are being told: a path, encoded once where many are told of it. */

import { XENSTORE_PAYLOAD_MAX } from '../../../shared/abi/xs-wire.ts';
import { hashOf, putLatin1 } from '../../../shared/core/bytes.ts';
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
  } else next = putLatin1(bytes, at, from === 0 ? path : path.slice(from));
  bytes[next] = 0;
  next = putLatin1(bytes, next + 1, token);
  bytes[next] = 0;
}
