/**
 * Guests that watch much, change much at once, and do not read: what one request may cost the
 * store. It knows no platform: it runs where the store runs.
 */

import { overheadOf } from '../../services/xenstored/core/accounts.ts';
import { NAME_CACHE_SLOTS } from '../../services/xenstored/core/limits.ts';
import { bench, readAll, type Speaker } from '../../services/xenstored/core/testing.ts';
import { type Prng, prng } from '../../shared/core/prng.ts';

export interface CrowdHost {
  nowMs(): number;
  /** Bytes of the heap in use; undefined where nobody knows. */
  usedBytes(): number | undefined;
  hasRoom?(bytes?: number): boolean;
}

export interface Cost {
  /** The longest time of one request, or of dropping what was not read, and what it was. */
  longestMs: number;
  longest: string;
  /** The most watch events that one request of a guest was about to cause. */
  mostEvents: number;
  /** What guests were charged and what the heap grew by, where that was most beside it. */
  charged: number;
  grown: number;
  /** Replies other than OK, by their text. */
  readonly refused: Record<string, number>;
}

const GUESTS = 8;
const WATCHES = 128;
const NODES = 940;
/** Looking at the heap takes longer than a request. */
const REQUESTS_A_LOOK = 100;

interface Crowd {
  readonly host: CrowdHost;
  readonly random: Prng;
  readonly side: ReturnType<typeof bench>;
  readonly guests: Speaker[];
  readonly cost: Cost;
  /** Of the heap, before there was a guest. */
  readonly base: number;
  requests: number;
}

const FIRST = 1;

/** Spread over directories, since one holds few names. */
const nodePath = (home: string, i: number): string => `${home}/d/${i % 8}/n${i}`;

/** Does one thing, and notes how long it took and how many events it caused. */
function timed(crowd: Crowd, what: string, by: Speaker | undefined, run: () => string): void {
  const { host, cost, side } = crowd;
  const { state } = side.store;
  const work = state.work;
  const begun = host.nowMs();
  const reply = run();
  const ms = host.nowMs() - begun;
  if (ms > cost.longestMs) {
    cost.longestMs = ms;
    cost.longest = what;
  }
  if (by !== undefined) cost.mostEvents = Math.max(cost.mostEvents, state.work - work);
  if (/^E[A-Z]+$/.test(reply)) cost.refused[reply] = (cost.refused[reply] ?? 0) + 1;
  if (what !== 'write' || crowd.requests++ % REQUESTS_A_LOOK === 0) weigh(crowd);
}

/** Compares what the heap has grown by with what guests are charged, where that is least. */
function weigh({ host, cost, side, base }: Crowd): void {
  const used = host.usedBytes();
  if (used === undefined) return;
  let charged = 0;
  for (const domain of side.store.state.domains.values()) {
    charged += domain.memory + overheadOf(domain);
  }
  const grown = used - base;
  if (grown - 2 * charged <= cost.grown - 2 * cost.charged) return;
  cost.grown = grown;
  cost.charged = charged;
}

/** A request of a guest: once it may make one, after others have not read for long enough. */
function ask(
  crowd: Crowd,
  who: Speaker,
  tx: number,
  op: string,
  ...words: readonly string[]
): void {
  const { side } = crowd;
  if (side.store.readDelayMs(who.connection) === Number.POSITIVE_INFINITY) expire(crowd);
  timed(crowd, op, who, () => who.in(tx, op, ...words));
  who.events();
}

/** Nobody has read for so long that events are dropped. */
function expire(crowd: Crowd): void {
  crowd.side.host.timeMs += 21_000;
  timed(crowd, 'expire', undefined, () => {
    crowd.side.store.expire();
    return '';
  });
}

function watchAll(crowd: Crowd, who: Speaker, home: string): void {
  const { random } = crowd;
  const token = 't'.repeat(1 + random.below(40));
  for (let i = 0; i < WATCHES; i++) {
    const path = random.chance(0.9) ? `${home}/d` : random.pick(['/', home, nodePath(home, 1)]);
    ask(crowd, who, 0, 'watch', path, `${token}${i}`);
  }
}

function change(crowd: Crowd, who: Speaker, home: string, nodes: number): void {
  const { random } = crowd;
  const op = random.pick(['commit', 'commit', 'rm', 'write', 'setPerms']);
  if (op === 'rm') ask(crowd, who, 0, 'rm', `${home}/d`);
  else if (op === 'write') ask(crowd, who, 0, 'write', nodePath(home, random.below(nodes)), 'x');
  else if (op === 'setPerms') {
    ask(crowd, who, 0, 'setPerms', `${home}/d`, random.pick(['b1', 'r1']));
  } else {
    const id = who.begin();
    const value = String(random.below(1000));
    for (let i = 0; i < nodes; i++) ask(crowd, who, id, 'write', nodePath(home, i), value);
    ask(crowd, who, id, 'end', 'T');
  }
}

/** What the store keeps of a bounded size, whoever asks: it is nobody's. */
function fillCaches(dom0: Speaker): void {
  for (let i = 0; i < 2 * NAME_CACHE_SLOTS; i++) {
    // A path is kept, with its names, once it comes again.
    for (let twice = 0; twice < 2; twice++) dom0.say('read', `/local/domain/${i}/device/n${i}`);
  }
}

/** The world of `seed`, through `cases` changes; `done` is called after each. */
export function runCrowd(host: CrowdHost, seed: number, cases: number, done: () => void): Cost {
  const random = prng(seed);
  const side = bench({ privDomid: 0 });
  if (host.hasRoom !== undefined) side.host.hasRoom = host.hasRoom;
  fillCaches(side.dom0);
  const base = host.usedBytes() ?? 0;
  const guests = Array.from({ length: GUESTS }, (_, i) => side.guest(FIRST + i));
  const cost: Cost = {
    ...{
      longestMs: 0,
      longest: '',
      mostEvents: 0,
      charged: 0,
      grown: Number.NEGATIVE_INFINITY,
      refused: {},
    },
  };
  const crowd: Crowd = { host, random, side, guests, cost, base, requests: 0 };
  const home = `/local/domain/${FIRST}`;
  const [writer] = guests as [Speaker];
  const nodes = random.pick([20, 530, NODES]);
  writer.say('mkdir', 'd');
  writer.say('setPerms', 'd', random.pick(['b1', 'b1', 'n1']));
  const watchers = guests.slice(0, random.pick([1, 2, 3, GUESTS]));
  for (const each of watchers) watchAll(crowd, each, home);
  for (let i = 0; i < cases; i++) {
    change(crowd, writer, home, nodes);
    if (random.chance(0.1)) expire(crowd);
    if (random.chance(0.1)) readAll(random.pick(guests).connection.output, () => {});
    done();
  }
  timed(crowd, 'death', undefined, () => {
    side.store.release(FIRST);
    return '';
  });
  const wrong = side.store.check();
  if (wrong.length > 0) throw new Error(wrong.join('\n'));
  return cost;
}
