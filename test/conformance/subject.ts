/** A store under test, as a session sees it: actors send requests, replies and events come back. */

/** A socket of dom0, or the guest with that number. */
export type Actor = { readonly socket: number } | { readonly domid: number };

export interface Reply {
  readonly type: number;
  readonly payload: string;
}

export interface Subject {
  readonly name: string;
  /** Sends one request and waits for its reply. The payload is latin1. */
  request(actor: Actor, type: number, txId: number, payload: string): Promise<Reply>;
  /** Waits until all events of what was done so far have come; those of each actor, in order. */
  events(): Promise<ReadonlyMap<string, readonly string[]>>;
  /** A domain that was introduced becomes an actor. */
  enter(domid: number): Promise<void>;
  /** A domain is no actor any longer. */
  leave(domid: number): void;
  /** What the hypervisor does. */
  world(what: 'exist' | 'shutdown' | 'die', domid: number): Promise<void>;
  /** Why the store ended, if it has. */
  ended(): string | undefined;
  stop(): Promise<void>;
}

export function nameOf(actor: Actor): string {
  return 'socket' in actor ? `socket ${actor.socket}` : `domain ${actor.domid}`;
}
