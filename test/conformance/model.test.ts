/**
 * Short sessions of fast-check: our store is the model of C xenstored 4.17. What differs is cut
 * down to the shortest session that shows it.
 */

import fc from 'fast-check';
import { expect, it } from 'vitest';
import * as xs from '../../shared/abi/xs-wire.ts';
import { startPeer } from '../peers/xenstored.ts';
import { deviationOf } from './deviations.ts';
import { createOurs, type Ours } from './ours.ts';
import { enter, lastAnswer, setPerms, text, write } from './script.ts';
import { type Actor, nameOf, type Subject } from './subject.ts';
import { createTheirs } from './theirs.ts';

const ACTORS: readonly Actor[] = [{ socket: 0 }, { socket: 1 }, { domid: 1 }, { domid: 2 }];
const SESSIONS = Number(process.env.CONFORMANCE_SESSIONS ?? 25);
const STEPS = 100;

interface Step {
  readonly actor: Actor;
  readonly type: number;
  readonly payload: string;
  /** In the actor's transaction, if it has one. */
  readonly inside: boolean;
}

interface Both {
  readonly ours: Ours;
  readonly theirs: Subject;
  /** Each actor's open transaction on either side. */
  readonly open: Map<string, { ours: number; theirs: number }>;
}

const sound = fc.constantFrom('/a', '/a/b', '/a/c', '/local/domain/1', 'x', 'x/y');
const odd = fc.constantFrom('/', '', '//', '/a/', '/a b', '@releaseDomain', '/local/domain/2/x');
const path = fc.oneof({ weight: 6, arbitrary: sound }, { weight: 1, arbitrary: odd });
const value = fc.oneof(fc.constantFrom('', 'v', '\0', 'v\0w'), fc.string({ maxLength: 30 }));
const perm = fc.tuple(fc.constantFrom('n', 'r', 'w', 'b'), fc.constantFrom(0, 1, 2));
const perms = fc
  .array(perm, { minLength: 1, maxLength: 4 })
  .map((list) => list.map(([access, domid]) => `${access}${domid}\0`).join(''));
const token = fc.constantFrom('t', 'u');

const onePath = path.map((p) => `${p}\0`);
const watched = fc.tuple(path, token).map((words) => `${words.join('\0')}\0`);

/** Of all types; permissions of `/` and of special names are left alone: see deviations.ts. */
const PAYLOADS: readonly (readonly [weight: number, type: number, fc.Arbitrary<string>])[] = [
  [3, xs.XS_READ, onePath],
  [3, xs.XS_DIRECTORY, onePath],
  [1, xs.XS_GET_PERMS, onePath],
  [5, xs.XS_WRITE, fc.tuple(path, value).map(([p, v]) => `${p}\0${v}`)],
  [2, xs.XS_MKDIR, onePath],
  [2, xs.XS_RM, onePath],
  [2, xs.XS_SET_PERMS, fc.tuple(sound, perms).map(([p, list]) => `${p}\0${list}`)],
  [2, xs.XS_WATCH, watched],
  [1, xs.XS_UNWATCH, watched],
  [4, xs.XS_TRANSACTION_START, fc.constant('\0')],
  [3, xs.XS_TRANSACTION_END, fc.constantFrom('T\0', 'T\0', 'F\0')],
];
const request = fc.oneof(
  ...PAYLOADS.map(([weight, type, payload]) => ({
    weight,
    arbitrary: payload.map((text) => [type, text] as const),
  })),
);

const step: fc.Arbitrary<Step> = fc
  .tuple(fc.constantFrom(...ACTORS), request, fc.boolean())
  .map(([actor, [type, payload], inside]) => ({ actor, type, payload, inside }));

/** A guest that owns its home. */
async function withHome(store: Subject, domid: number): Promise<void> {
  const home = `/local/domain/${domid}`;
  await enter(store, domid);
  await lastAnswer(store, [write(home, ''), setPerms(home, `n${domid}`)]);
}

async function take({ ours, theirs, open }: Both, { actor, type, payload, inside }: Step) {
  const name = nameOf(actor);
  const ends = type === xs.XS_TRANSACTION_END;
  const tx = (inside || ends ? open.get(name) : undefined) ?? { ours: 0, theirs: 0 };
  const wasDoomed = ours.isDoomed(actor, tx.ours);
  const own = await ours.request(actor, type, tx.ours, payload);
  const other = await theirs.request(actor, type, tx.theirs, payload);
  const doomed = wasDoomed || ours.isDoomed(actor, tx.ours);
  if (type === xs.XS_TRANSACTION_START && own.type === type) {
    open.set(name, {
      ours: Number.parseInt(own.payload, 10),
      theirs: Number.parseInt(other.payload, 10),
    });
    return;
  }
  if (ends) open.delete(name);
  if (!doomed && deviationOf({ type, payload, ours: own, theirs: other }) === undefined) {
    expect([own.type, text(own)]).toEqual([other.type, text(other)]);
  }
  expect([...(await ours.events())].toSorted()).toEqual([...(await theirs.events())].toSorted());
  expect(ours.store.check()).toEqual([]);
}

it('sessions of four actors are the same on both', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 60, maxLength: STEPS, size: 'max' }),
      async (steps) => {
        const peer = await startPeer('c');
        const theirs = createTheirs(peer, 2);
        const ours = createOurs(2, { conflicts: 'node' });
        const both: Both = { ours, theirs, open: new Map() };
        try {
          for (const store of [ours, theirs]) {
            for (const domid of [1, 2]) await withHome(store, domid);
          }
          for (const each of steps) await take(both, each);
        } finally {
          await theirs.stop();
          await peer.stop();
        }
      },
    ),
    { numRuns: SESSIONS, seed: Number(process.env.CONFORMANCE_SEED ?? 1) },
  );
}, 120_000);
