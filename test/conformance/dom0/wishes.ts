/** Requests that one of dom0's tools may make of a host's own store: of nodes made for the test. */

import * as xs from '../../../shared/abi/xs-wire.ts';
import type { Prng } from '../../../shared/core/prng.ts';
import { randomWish, type Wish } from '../generate.ts';

/** Absolute paths lie below `/test`, relative ones below `test` of dom0's home. */
export const ROOTS = ['/test', 'test'] as const;

/** What the kernel hands on as it is; watches, which it keeps itself, are not among it. */
const HANDED_ON: ReadonlySet<number> = new Set([
  ...[xs.XS_READ, xs.XS_DIRECTORY, xs.XS_DIRECTORY_PART, xs.XS_GET_PERMS, xs.XS_WRITE],
  ...[xs.XS_MKDIR, xs.XS_RM, xs.XS_SET_PERMS, xs.XS_TRANSACTION_START, xs.XS_TRANSACTION_END],
]);

/** Bytes of a payload that the kernel's buffer surely holds. */
const PAYLOAD_MAX = 4000;

function moved(payload: string): string {
  const end = payload.indexOf('\0');
  const path = payload.slice(0, end);
  const rest = payload.slice(end);
  if (path === '/') return `${ROOTS[0]}${rest}`;
  return path.startsWith('/') ? `${ROOTS[0]}${path}${rest}` : `${ROOTS[1]}/${path}${rest}`;
}

/** The wish as the kernel lets it through, if it does. */
function handedOn({ type, payload, tx }: Wish, canEnd: boolean): Wish | undefined {
  if (type === xs.XS_TRANSACTION_START) return { type, payload, tx: 'none' };
  if (type === xs.XS_TRANSACTION_END) {
    // Without a transaction that it knows the kernel gives no reply.
    const is = canEnd && tx === 'some' && /^[TF]\0$/.test(payload);
    return is ? { type, payload, tx } : undefined;
  }
  const kept = HANDED_ON.has(type) && !payload.startsWith('@') && payload.length < PAYLOAD_MAX;
  return kept ? { type, payload: moved(payload), tx: tx === 'wrong' ? 'none' : tx } : undefined;
}

/** One wish after the other; watches are set before the session. */
export function toolWish(random: Prng, _guest: boolean, hasOpen: boolean): Wish {
  for (;;) {
    const wish = handedOn(randomWish(random, false), hasOpen);
    if (wish !== undefined) return wish;
  }
}

/** Paths that every tool watches. */
export const WATCHED = ['/test', '/test/x', '/test/a', 'test', 'test/a', '@releaseDomain'];
