/** A few requests in a row, and what a store answers to the last. */

import type { Actor, Reply, Subject } from './subject.ts';

export const TOOL: Actor = { socket: 0 };
export const OTHER: Actor = { socket: 1 };

/** The payload of a reply, NULs as `|`; of an error, its name. */
export const text = ({ payload }: Reply): string => payload.replaceAll('\0', '|');

export interface Line {
  readonly by?: Actor;
  readonly type: number;
  readonly payload: string;
  /** In the transaction begun by the last line with type 6. */
  readonly inside?: boolean;
}

/** What a store answers to the last of these; 'dead' if it died of it. */
export async function lastAnswer(store: Subject, lines: readonly Line[]): Promise<string> {
  let tx = 0;
  let answer = '';
  for (const { by = TOOL, type, payload, inside } of lines) {
    try {
      answer = text(await store.request(by, type, inside ? tx : 0, payload));
    } catch {
      return 'dead';
    }
    if (type === 6) tx = Number.parseInt(answer, 10);
  }
  return answer;
}

/** The same line by the second tool. */
export const other = (line: Line): Line => ({ ...line, by: OTHER });
/** The same line by a guest. */
export const by = (domid: number, line: Line): Line => ({ ...line, by: { domid } });
/** The same line in the transaction. */
export const inside = (line: Line): Line => ({ ...line, inside: true });

export const begin: Line = { type: 6, payload: '\0' };
export const end: Line = inside({ type: 7, payload: 'T\0' });
export const ls = (path: string): Line => ({ type: 1, payload: `${path}\0` });
export const read = (path: string): Line => ({ type: 2, payload: `${path}\0` });
export const write = (path: string, value = 'v'): Line => ({
  type: 11,
  payload: `${path}\0${value}`,
});
export const control = (...words: string[]): Line => ({
  type: 0,
  payload: words.map((word) => `${word}\0`).join(''),
});
export const rm = (path: string): Line => ({ type: 13, payload: `${path}\0` });
export const setPerms = (path: string, ...perms: string[]): Line => ({
  type: 14,
  payload: [path, ...perms].map((word) => `${word}\0`).join(''),
});
export const watch = (path: string, token: string): Line => ({
  type: 4,
  payload: `${path}\0${token}\0`,
});

/** A domain comes up and is introduced; it is an actor from then on. */
export async function enter(store: Subject, domid: number): Promise<void> {
  await store.world('exist', domid);
  await store.request(TOOL, 8, 0, `${domid}\x001\x005\0`);
  await store.enter(domid);
}
