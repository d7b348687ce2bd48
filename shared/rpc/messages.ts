/** What both ends say to each other: lists whose first element is a number that tells the kind. */

import { ERRNO, type Errno } from '../core/errno.ts';
import { fail, ok, type Result } from '../core/result.ts';
import { CALL_MOST_MS, NAME_MAX, STREAM_WINDOW, WORDS_MAX } from './limits.ts';
import { integer, oneOf, string, type Type } from './types.ts';

/** Of the messages themselves. */
export const RPC_VERSION = 1;

export type Message =
  /** The first of both ends. */
  | {
      readonly kind: 'hello';
      readonly rpc: number;
      readonly service: string;
      readonly version: number;
    }
  | {
      readonly kind: 'call';
      readonly id: number;
      readonly op: string;
      readonly args: unknown;
      readonly ms: number;
    }
  | { readonly kind: 'cancel'; readonly id: number }
  /** So many more items of a stream are wanted. */
  | { readonly kind: 'more'; readonly id: number; readonly count: number }
  /** The value of a call. */
  | { readonly kind: 'reply'; readonly id: number; readonly value: unknown }
  | { readonly kind: 'failed'; readonly id: number; readonly errno: Errno; readonly what: string }
  | { readonly kind: 'item'; readonly id: number; readonly value: unknown }
  | { readonly kind: 'end'; readonly id: number }
  /** The last one: why this end goes. */
  | { readonly kind: 'bye'; readonly errno: Errno; readonly what: string };

const id = integer(0, 0xffffffff);
const number = integer(0, 0xffffffff);
const name = string(NAME_MAX);
const errno = oneOf(...(Object.keys(ERRNO) as Errno[]));
const words = string(WORDS_MAX);
/** Looked at by the contract. */
const anything: Type<unknown> = { says: 'a value', read: (value) => ({ ok: true, value }) };

type Named = readonly [field: string, type: Type<unknown>];

/** In the order of the kinds' numbers. */
const KINDS: readonly (readonly [Message['kind'], ...Named[]])[] = [
  ['hello', ['rpc', number], ['service', name], ['version', number]],
  ['call', ['id', id], ['op', name], ['args', anything], ['ms', integer(1, CALL_MOST_MS)]],
  ['cancel', ['id', id]],
  ['more', ['id', id], ['count', integer(1, STREAM_WINDOW)]],
  ['reply', ['id', id], ['value', anything]],
  ['failed', ['id', id], ['errno', errno], ['what', words]],
  ['item', ['id', id], ['value', anything]],
  ['end', ['id', id]],
  ['bye', ['errno', errno], ['what', words]],
];

/** A message as the value that is encoded. */
export function toValue(message: Message): unknown {
  const number = KINDS.findIndex(([kind]) => kind === message.kind);
  const [, ...fields] = KINDS[number] as (typeof KINDS)[number];
  const values = new Map<string, unknown>(Object.entries(message));
  // The names of what is missing are not sent, so that it must be a value.
  return [number, ...fields.map(([field]) => values.get(field) ?? null)];
}

/** The message that a value is; EPROTO. */
export function toMessage(value: unknown): Result<Message> {
  if (!Array.isArray(value)) return fail('EPROTO', 'a message that is no list');
  const known = KINDS.find((_, number) => number === value[0]);
  if (known === undefined) return fail('EPROTO', 'a message of a kind that nobody knows');
  const [kind, ...fields] = known;
  if (value.length !== fields.length + 1)
    return fail('EPROTO', `${kind}: ${value.length} elements`);
  const message: Record<string, unknown> = { kind };
  for (const [i, [field, type]] of fields.entries()) {
    const read = type.read(value[i + 1], `${kind}.${field}`);
    if (!read.ok) return fail('EPROTO', read.fault);
    message[field] = read.value;
  }
  return ok(message as Message);
}

/** Words of a failure, as many as a message may have. */
export function shortened(what: string): string {
  return what.length <= WORDS_MAX ? what : `${what.slice(0, WORDS_MAX - 3)}...`;
}
