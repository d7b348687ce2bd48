/** What can be seen of a store after some steps: where ours and C's are looked at. */

import {
  begin,
  by,
  control,
  end,
  enter,
  inside,
  type Line,
  lastAnswer,
  ls,
  read,
  rm,
  setPerms,
  TOOL,
  watch,
  write,
} from './script.ts';
import type { Subject } from './subject.ts';

/** What can be seen of a store after some steps. */
export type Look = (store: Subject) => Promise<string>;

export const answer =
  (...lines: Line[]): Look =>
  (store) =>
    lastAnswer(store, lines);

export const eventsOf = async (store: Subject, name: string): Promise<string> =>
  ((await store.events()).get(name) ?? []).map((event) => event.split('\0')[0]).join(' ');

/** Domain 1 can write to its home and is told of nothing. */
async function withHome(store: Subject): Promise<void> {
  await enter(store, 1);
  await lastAnswer(store, [write('/local/domain/1', ''), setPerms('/local/domain/1', 'n1')]);
}

/** Its number is used again by another domain. */
async function again(store: Subject, domid: number): Promise<void> {
  store.leave(domid);
  await store.world('die', domid);
  await enter(store, domid);
}

export const RELEASED_TARGET: Look = async (store) => {
  for (const domid of [1, 2]) await enter(store, domid);
  return lastAnswer(store, [
    { type: 19, payload: '1\x002\0' },
    { type: 9, payload: '2\0' },
    { type: 17, payload: '2\0' },
  ]);
};

export const STALE: Look = async (store) => {
  await enter(store, 1);
  await lastAnswer(store, [write('/d'), begin, inside(setPerms('/d', 'n0', 'r1'))]);
  await again(store, 1);
  // The transaction's id: both give the first of a connection the number 1.
  await store.request(TOOL, 7, 1, 'T\0');
  return lastAnswer(store, [by(1, read('/d'))]);
};

export const ROOT_OWNER: Look = async (store) => {
  await enter(store, 1);
  await lastAnswer(store, [setPerms('/', 'n1')]);
  store.leave(1);
  await store.world('die', 1);
  return lastAnswer(store, [ls('/')]);
};

export const DEATH_ORDER: Look = async (store) => {
  await enter(store, 1);
  for (const path of ['/a', '/local/domain/1']) {
    await lastAnswer(store, [write(path, ''), setPerms(path, 'n1')]);
  }
  await lastAnswer(store, [watch('/', 't')]);
  await store.events();
  store.leave(1);
  await store.world('die', 1);
  return eventsOf(store, 'socket 0');
};

export const MEMORY_ERROR: Look = async (store) => {
  await withHome(store);
  return lastAnswer(store, [
    control('quota', 'set', 'memory', '1000'),
    by(1, write('data', 'x'.repeat(1200))),
  ]);
};

export const TRANSACTION_MEMORY: Look = async (store) => {
  await withHome(store);
  const shown = await lastAnswer(store, [
    by(1, begin),
    by(1, inside(write('data', 'x'))),
    control('quota', '1'),
  ]);
  return /memory +: +(\d+)/.exec(shown)?.[1] ?? shown;
};

/** Three readers with 120 watches each, and a transaction of 10 nodes. */
export const TOO_MANY_EVENTS: Look = async (store) => {
  await withHome(store);
  await lastAnswer(store, [setPerms('/local/domain/1', 'r1')]);
  for (const domid of [2, 3, 4]) {
    await enter(store, domid);
    const watches = Array.from({ length: 120 }, (_, i) => watch('/local/domain/1', `t${i}`));
    await lastAnswer(
      store,
      watches.map((line) => by(domid, line)),
    );
  }
  const writes = Array.from({ length: 10 }, (_, i) => by(1, inside(write(`d${i}`))));
  return lastAnswer(store, [by(1, begin), ...writes, by(1, end)]);
};

export const REMOVAL_QUOTA: Look = async (store) => {
  await withHome(store);
  return lastAnswer(store, [
    ...['a', 'a/b', 'a/b/c', 'a/b/c/d'].map((path) => by(1, write(path))),
    control('quota', 'set', 'transaction-nodes', '3'),
    by(1, begin),
    by(1, inside(rm('a'))),
  ]);
};

export const HELP: Look = async (store) =>
  /live-update\t(.*)/.exec(await lastAnswer(store, [control('help')]))?.[1] ?? '';

export const DRIVER_DOMAIN: Look = async (store) => {
  await enter(store, 1);
  const watches = Array.from({ length: 200 }, (_, i) => by(1, watch('data', `t${i}`)));
  return lastAnswer(store, [{ type: 12, payload: '/local/domain/1/libxl\0' }, ...watches]);
};

/** The deviation's name, when it shows, and what ours and C's store show then. */
