/** What a service offers: its ops, and what goes in and out of each. Typed once, for both ends. */

import type { Errno } from '../core/errno.ts';
import type { Infer, Type } from './types.ts';

export interface CallOp<A = unknown, R = unknown> {
  readonly args: Type<A>;
  readonly reply: Type<R>;
  /** What it may fail with, besides COMMON_ERRORS. */
  readonly errors: readonly Errno[];
  /** Doing it twice is doing it once: it may be asked for again when a connection was lost. */
  readonly isIdempotent?: true;
}

export interface StreamOp<A = unknown, I = unknown> {
  readonly args: Type<A>;
  readonly item: Type<I>;
  readonly errors: readonly Errno[];
}

export type Op = CallOp | StreamOp;
export type Ops = Readonly<Record<string, Op>>;

export interface Contract<O extends Ops = Ops> {
  readonly service: string;
  /**
   * Both ends must have the same. New ops and new optional fields leave it: who does not know them
   * says ENOSYS, or leaves them out.
   */
  readonly version: number;
  readonly ops: O;
}

/**
 * What every call may fail with: an op that is not there (ENOSYS), values that are not as the
 * contract says (EINVAL from the caller, EPROTO from the service), no right (EACCES), too many
 * calls (EAGAIN), too large (E2BIG), out of time (ETIMEDOUT), cancelled (EINTR), no connection
 * (EPIPE, ENOTCONN, ECONNREFUSED), a fault of the service's own (EIO).
 */
export const COMMON_ERRORS = [
  ...(['ENOSYS', 'EINVAL', 'EPROTO', 'EACCES', 'EAGAIN', 'E2BIG', 'ETIMEDOUT', 'EINTR'] as const),
  ...(['EPIPE', 'ENOTCONN', 'ECONNREFUSED', 'EIO'] as const),
] as const;

export type ArgsOf<O> = O extends { readonly args: infer A } ? Infer<A> : never;
export type ReplyOf<O> = O extends { readonly reply: infer R } ? Infer<R> : never;
export type ItemOf<O> = O extends { readonly item: infer I } ? Infer<I> : never;

export type CallsOf<O extends Ops> = {
  [K in keyof O & string]: O[K] extends CallOp ? K : never;
}[keyof O & string];
export type StreamsOf<O extends Ops> = {
  [K in keyof O & string]: O[K] extends StreamOp ? K : never;
}[keyof O & string];

export function contract<const O extends Ops>(
  service: string,
  version: number,
  ops: O,
): Contract<O> {
  return { service, version, ops };
}

/** An op by a name that somebody sent. */
export function findOp({ ops }: Contract, name: string): Op | undefined {
  return Object.hasOwn(ops, name) ? ops[name] : undefined;
}

/** Whether an op may fail with this. */
export function mayFailWith(op: Op | undefined, errno: Errno): boolean {
  return (COMMON_ERRORS as readonly Errno[]).includes(errno) || op?.errors.includes(errno) === true;
}
