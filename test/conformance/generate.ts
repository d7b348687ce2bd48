/**
 * Random requests of a session: mostly sensible, often about the same few nodes, some malformed.
 */

import * as xs from '../../shared/abi/xs-wire.ts';
import type { Prng } from '../../shared/core/prng.ts';

export const DOMIDS = [1, 2, 3] as const;

export interface Wish {
  readonly type: number;
  readonly payload: string;
  /** Which of the actor's open transactions to use, if it has any; `wrong`: an id of nobody. */
  readonly tx: 'none' | 'some' | 'wrong';
}

const NAMES = ['a', 'b', 'c', 'dd', 'state'];
const BASES = ['', '', '/x', '/local/domain/1', '/local/domain/1/data', '/local/domain/2'];
const ODD_PATHS = [
  '',
  '/',
  '//',
  '/x/',
  '/x//a',
  '/x a',
  '/x+a',
  '@releaseDomain',
  '@nothing',
  '/local/domain/',
  '/tool/xenstored',
  `/${'p'.repeat(2047)}`,
  `/${'p'.repeat(2048)}`,
  `/local/domain/1/${'q'.repeat(2048)}`,
  `/local/domain/1/${'q'.repeat(2049)}`,
];
const ODD_PERMS = ['', 'r', 'x1', 'r1x', 'n0x10', 'b 2', 'r-1', 'w01', 'r99'];

export function randomPath(random: Prng): string {
  if (random.chance(0.06)) return random.pick(ODD_PATHS);
  const parts = Array.from({ length: random.below(4) }, () => random.pick(NAMES)).join('/');
  const base = random.pick(BASES);
  if (base === '') return random.chance(0.7) ? parts || 'a' : `/${parts}`;
  return parts === '' ? base : `${base}/${parts}`;
}

function randomValue(random: Prng): string {
  if (random.chance(0.05)) return 'v'.repeat(random.below(2300));
  const size = random.chance(0.2) ? random.below(300) : random.below(6);
  return Array.from({ length: size }, () => String.fromCharCode(random.below(256))).join('');
}

function randomPerm(random: Prng): string {
  if (random.chance(0.04)) return random.pick(ODD_PERMS);
  return `${random.pick(['n', 'r', 'w', 'b'])}${random.pick([0, 0, 1, 1, 2, 3, 7])}`;
}

function randomPerms(random: Prng): string {
  const count = random.chance(0.1) ? random.below(8) : 1 + random.below(3);
  return Array.from({ length: count }, () => `${randomPerm(random)}\0`).join('');
}

const token = (random: Prng): string => random.pick(['t', 'u', 'token-3', '', 't\xff']);

const watched = (random: Prng): string =>
  random.chance(0.2)
    ? random.pick(['@introduceDomain', '@releaseDomain', '/', '@a b'])
    : randomPath(random);

const someDomid = (random: Prng): string => random.pick(['0', '1', '2', '3', '7', 'x', '', '-1']);

type Maker = (random: Prng) => string;

const MAKERS: readonly (readonly [number, number, Maker])[] = [
  [xs.XS_READ, 14, (r) => `${randomPath(r)}\0`],
  [xs.XS_DIRECTORY, 8, (r) => `${randomPath(r)}\0`],
  [xs.XS_GET_PERMS, 6, (r) => `${randomPath(r)}\0`],
  [xs.XS_WRITE, 24, (r) => `${randomPath(r)}\0${randomValue(r)}`],
  [xs.XS_MKDIR, 8, (r) => `${randomPath(r)}\0`],
  [xs.XS_RM, 8, (r) => `${randomPath(r)}\0`],
  [xs.XS_SET_PERMS, 12, (r) => `${randomPath(r)}\0${randomPerms(r)}`],
  [
    xs.XS_SET_PERMS,
    2,
    (r) => `${r.pick(['@releaseDomain', '@introduceDomain'])}\0${randomPerms(r)}`,
  ],
  [xs.XS_WATCH, 10, (r) => `${watched(r)}\0${token(r)}\0`],
  [xs.XS_UNWATCH, 5, (r) => `${watched(r)}\0${token(r)}\0`],
  [xs.XS_RESET_WATCHES, 1, () => '\0'],
  [xs.XS_TRANSACTION_START, 8, () => '\0'],
  [
    xs.XS_TRANSACTION_END,
    8,
    (r) => (r.chance(0.7) ? 'T\0' : r.pick(['F\0', 'X\0', 'T', '', 'TT\0'])),
  ],
  [xs.XS_GET_DOMAIN_PATH, 1, (r) => `${someDomid(r)}\0`],
  [xs.XS_IS_DOMAIN_INTRODUCED, 2, (r) => `${r.pick([someDomid(r), '32752'])}\0`],
  [xs.XS_DIRECTORY_PART, 3, (r) => `${randomPath(r)}\0${r.pick(['0', '0', '5000', 'x'])}\0`],
  [xs.XS_SET_TARGET, 2, (r) => `${someDomid(r)}\0${someDomid(r)}\0`],
  [xs.XS_RESUME, 1, (r) => `${someDomid(r)}\0`],
  [
    xs.XS_CONTROL,
    1,
    (r) => `${r.pick(['quota', 'quota-soft', 'check', 'nothing', 'quota\x001'])}\0`,
  ],
  [xs.XS_WATCH_EVENT, 1, () => 'x\0y\0'],
  [20, 1, () => '\0'],
  [xs.XS_INVALID, 1, () => ''],
];

const TOTAL = MAKERS.reduce((sum, [, weight]) => sum + weight, 0);

/** What C xenstored 4.17 dies of; deviations.test.ts shows what ours answers instead. */
function killsC(wish: Wish, guest: boolean): boolean {
  const { type, payload, tx } = wish;
  if (type === xs.XS_RESET_WATCHES) return tx !== 'none';
  if (type !== xs.XS_SET_PERMS) return false;
  if (payload.startsWith('/\0')) return !/^\/\0.0\0/.test(payload);
  if (!payload.startsWith('@')) return false;
  return guest || !/^@(release|introduce)Domain\0/.test(payload);
}

/** A request as this kind of actor may send it. */
export function randomWish(random: Prng, guest: boolean): Wish {
  for (;;) {
    const wish = anyWish(random);
    if (!killsC(wish, guest)) return wish;
  }
}

function anyWish(random: Prng): Wish {
  let at = random.below(TOTAL);
  for (const [type, weight, make] of MAKERS) {
    at -= weight;
    if (at >= 0) continue;
    const tx = random.chance(0.02) ? 'wrong' : random.chance(0.5) ? 'some' : 'none';
    const ends = type === xs.XS_TRANSACTION_END && random.chance(0.9);
    return {
      type,
      payload: make(random).slice(0, xs.XENSTORE_PAYLOAD_MAX),
      tx: ends ? 'some' : tx,
    };
  }
  throw new Error('the weights do not add up');
}
