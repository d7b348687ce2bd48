/** One random session against two stores, compared step by step. */

import * as xs from '../../shared/abi/xs-wire.ts';
import type { Prng } from '../../shared/core/prng.ts';
import { prng } from '../../shared/core/prng.ts';
import { deviationOf } from './deviations.ts';
import { DOMIDS, randomWish, type Wish } from './generate.ts';
import type { Ours } from './ours.ts';
import type { Actor, Reply, Subject } from './subject.ts';
import { nameOf } from './subject.ts';

/** An open transaction: its id on either side. */
interface Pair {
  readonly ours: number;
  readonly theirs: number;
}

export interface Difference {
  readonly step: number;
  readonly what: string;
  readonly ours: unknown;
  readonly theirs: unknown;
  /** The last steps before it. */
  readonly trail: readonly string[];
}

const show = (text: string): string =>
  JSON.stringify(text.length > 200 ? `${text.slice(0, 60)}... (${text.length})` : text);

/** A reply with what may differ taken out: transaction ids and generations. */
function normal(type: number, reply: Reply): Reply {
  const { payload } = reply;
  if (reply.type === type && (type === xs.XS_TRANSACTION_START || type === xs.XS_DIRECTORY_PART)) {
    return { ...reply, payload: payload.replace(/^\d+/, 'N') };
  }
  return reply;
}

export interface Kind {
  /** Whether guests run into quotas. */
  readonly quotas?: 'default' | 'small';
  /** What an actor asks for: a guest or not, with a transaction open or not. */
  readonly wish?: (random: Prng, guest: boolean, hasOpen: boolean) => Wish;
  /** Whether domains come and go. */
  readonly domains?: boolean;
}

interface Session extends Required<Kind> {
  readonly ours: Ours;
  readonly theirs: Subject;
  readonly random: Prng;
  readonly actors: Map<string, Actor>;
  readonly open: Map<string, Pair[]>;
  /** Domains that others stand in for: C keeps them alive as long as those live (deviations.ts). */
  readonly targets: Set<string>;
  readonly trail: string[];
}

async function both(session: Session, act: (subject: Subject) => Promise<void>): Promise<void> {
  await act(session.ours);
  await act(session.theirs);
}

/** Domains come, shut down, go, and come back under the same number. */
async function changeWorld(session: Session): Promise<string> {
  const { random, actors } = session;
  const domid = random.pick(DOMIDS);
  const name = `domain ${domid}`;
  if (!actors.has(name)) {
    await both(session, (subject) => subject.world('exist', domid));
    const payload = `${domid}\x001\x005\0`;
    await both(session, async (subject) => {
      await subject.request({ socket: 0 }, xs.XS_INTRODUCE, 0, payload);
      await subject.enter(domid);
    });
    actors.set(name, { domid });
    session.open.set(name, []);
    return `introduce ${domid}`;
  }
  if (random.chance(0.3)) {
    await both(session, (subject) => subject.world('shutdown', domid));
    return `shutdown ${domid}`;
  }
  if (session.targets.has(name) || random.chance(0.5)) return `${name} stays`;
  actors.delete(name);
  session.ours.leave(domid);
  session.theirs.leave(domid);
  if (random.chance(0.5)) {
    await both(session, (subject) => subject.world('die', domid));
    return `death of ${domid}`;
  }
  await both(session, async (subject) => {
    await subject.request({ socket: 0 }, xs.XS_RELEASE, 0, `${domid}\0`);
  });
  await both(session, (subject) => subject.world('die', domid));
  return `release of ${domid}`;
}

/** Keeps track of which transactions are open on both sides. */
function follow(open: Pair[], type: number, pair: Pair | undefined, ours: Reply, theirs: Reply) {
  if (type === xs.XS_RESET_WATCHES && ours.type !== xs.XS_ERROR) open.length = 0;
  if (type === xs.XS_TRANSACTION_START && ours.type === type) {
    open.push({
      ours: Number.parseInt(ours.payload, 10),
      theirs: Number.parseInt(theirs.payload, 10),
    });
  }
  const ended = type === xs.XS_TRANSACTION_END && ours.payload !== 'EINVAL\0';
  if (ended && pair !== undefined) open.splice(open.indexOf(pair), 1);
}

async function oneRequest(session: Session, step: number): Promise<Difference | undefined> {
  const { random, actors, ours, theirs, trail } = session;
  const actor = random.pick([...actors.values()]);
  const open = session.open.get(nameOf(actor)) ?? [];
  const wish = session.wish(random, 'domid' in actor, open.length > 0);
  const pair = wish.tx === 'some' && open.length > 0 ? random.pick(open) : undefined;
  const ids = wish.tx === 'wrong' ? { ours: 4711, theirs: 4711 } : (pair ?? { ours: 0, theirs: 0 });
  const { type, payload } = wish;
  trail.push(`${step}: ${nameOf(actor)} tx ${ids.ours}: ${type} ${show(payload)}`);
  const wasDoomed = pair !== undefined && ours.isDoomed(actor, pair.ours);
  const own = await ours.request(actor, type, ids.ours, payload);
  const other = await theirs.request(actor, type, ids.theirs, payload);
  trail.push(`      -> ${own.type} ${show(own.payload)}`);
  const doomed = wasDoomed || (pair !== undefined && ours.isDoomed(actor, pair.ours));
  follow(open, type, pair, own, other);
  if (type === xs.XS_SET_TARGET) session.targets.add(`domain ${payload.split('\0')[1]}`);
  const a = normal(type, own);
  const b = normal(type, other);
  if (doomed || (a.type === b.type && a.payload === b.payload)) return undefined;
  if (deviationOf({ type, payload, ours: own, theirs: other }) !== undefined) return undefined;
  const what = `reply to ${type} of ${nameOf(actor)}`;
  return { step, what, ours: [a.type, show(a.payload)], theirs: [b.type, show(b.payload)], trail };
}

/** Events of a domain's end come in the order of the walk, which is not C's: its own home first. */
async function compareEvents(
  session: Session,
  step: number,
  ordered: boolean,
): Promise<Difference | undefined> {
  const { trail } = session;
  const ours = await session.ours.events();
  const theirs = await session.theirs.events();
  for (const name of new Set([...ours.keys(), ...theirs.keys()])) {
    const a = ours.get(name) ?? [];
    const b = theirs.get(name) ?? [];
    if (JSON.stringify(a) === JSON.stringify(b)) continue;
    if (!ordered && JSON.stringify(a.toSorted()) === JSON.stringify(b.toSorted())) continue;
    return { step, what: `events of ${name}`, ours: a, theirs: b, trail };
  }
  return undefined;
}

async function oneStep(session: Session, step: number): Promise<Difference | undefined> {
  const { random, trail, ours } = session;
  const world = session.domains && random.chance(step < 10 ? 0.4 : 0.03);
  if (world) trail.push(`${step}: ${await changeWorld(session)}`);
  else {
    const difference = await oneRequest(session, step);
    if (difference !== undefined) return difference;
  }
  const difference = await compareEvents(session, step, !world);
  if (difference !== undefined) return difference;
  const broken = ours.store.check();
  if (broken.length === 0) return undefined;
  return { step, what: 'our store', ours: broken, theirs: [], trail };
}

/**
 * Quotas so small that a session's guests run into them; memory not, where C may die:
 * deviations.ts.
 */
const SMALL_QUOTAS = [
  'nodes\x0012',
  'watches\x003',
  'transactions\x002',
  'transaction-nodes\x0012',
  'node-size\x00120',
  'permissions\x003',
  'path-max\x0060',
];

/** Runs a session of `steps` steps; the first difference, or none. */
export async function runSession(
  seed: number,
  steps: number,
  ours: Ours,
  theirs: Subject,
  sockets: number,
  { quotas = 'default', wish = randomWish, domains = true }: Kind,
): Promise<Difference | undefined> {
  const actors = new Map<string, Actor>();
  const open = new Map<string, Pair[]>();
  for (let socket = 0; socket < sockets; socket++) {
    actors.set(`socket ${socket}`, { socket });
    open.set(`socket ${socket}`, []);
  }
  const session: Session = {
    ...{ quotas, wish, domains },
    ours,
    theirs,
    random: prng(seed),
    actors,
    open,
    targets: new Set(),
    trail: [],
  };
  for (const quota of quotas === 'small' ? SMALL_QUOTAS : []) {
    await both(session, async (subject) => {
      await subject.request({ socket: 0 }, xs.XS_CONTROL, 0, `quota\0set\0${quota}\0`);
    });
  }
  for (let step = 0; step < steps; step++) {
    const difference = await oneStep(session, step).catch((error: Error) => ({
      step,
      what: 'the end of the session',
      ours: error.message,
      theirs: theirs.ended(),
      trail: session.trail,
    }));
    if (difference !== undefined) return { ...difference, trail: session.trail.slice(-40) };
  }
  return undefined;
}
