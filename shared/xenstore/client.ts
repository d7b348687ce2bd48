/** A client of a xenstored over any transport. */

import {
  XS_CONTROL,
  XS_GET_DOMAIN_PATH,
  XS_INTRODUCE,
  XS_IS_DOMAIN_INTRODUCED,
  XS_RELEASE,
  XS_RESUME,
  XS_SET_TARGET,
  XS_UNWATCH,
  XS_WATCH,
} from '../abi/xs-wire.ts';
import type { Domid, Port } from '../core/ids.ts';
import type { Failure, Result } from '../core/result.ts';
import { fail, ok } from '../core/result.ts';
import type { XenstoreTransport } from '../platform/xenstore.ts';
import type { Nodes } from './nodes.ts';
import { createNodes } from './nodes.ts';
import { createRequests, type Patience, type Requests } from './requests.ts';
import { firstString, isCString, splitStrings } from './strings.ts';
import type { TransactionOptions } from './transaction.ts';
import { runTransaction } from './transaction.ts';
import type { Watch, WatchQueue } from './watch-queue.ts';
import { createWatchQueue } from './watch-queue.ts';

/**
 * Every failure names the request; once the connection is lost, all pending and later ones fail.
 */
export interface XenstoreClient extends Nodes {
  /**
   * Watches a path and all below it: an iterator of the paths that changed, the watched one first,
   * at once. `break` (or `return()`) ends the watch; so does the loss of the connection.
   */
  watch(path: string): Promise<Result<Watch>>;
  /**
   * Runs `body` in a transaction and commits if it returns ok, else aborts. On a conflict it runs
   * again; EAGAIN once the attempts are spent.
   */
  transaction<T>(
    body: (tx: Nodes) => Promise<Result<T>>,
    options?: TransactionOptions,
  ): Promise<Result<T>>;
  /** Tells the store of a new domain: its ring's frame and the port that it signals. */
  introduce(domid: Domid, gfn: number, port: Port): Promise<Result<void>>;
  release(domid: Domid): Promise<Result<void>>;
  resume(domid: Domid): Promise<Result<void>>;
  /** Gives `domid` the rights of `target` (a stub domain those of the domain it serves). */
  setTarget(domid: Domid, target: Domid): Promise<Result<void>>;
  getDomainPath(domid: Domid): Promise<Result<string>>;
  isDomainIntroduced(domid: Domid): Promise<Result<boolean>>;
  /** A command to the store itself, its words as `xenstore-control` takes them. */
  control(...words: readonly string[]): Promise<Result<string>>;
  /**
   * Whether the store knows this connection; undefined if it does not say. One that was started
   * anew behind the same ring answers, but knows nothing of us: not the watch that the first call
   * registers.
   */
  isKnown(): Promise<boolean | undefined>;
  /** Why the connection ended, once it has. */
  lost(): Failure | undefined;
  /** The same, when it does. */
  whenLost(): Promise<Failure>;
  close(): void;
}

/** The path of a watch whose events nobody wants, and its token. */
const MARK = 'domid';

function marking(requests: Requests): XenstoreClient['isKnown'] {
  let isMarked = false;
  return async () => {
    // A late reply tells as much as one in time.
    const reply = await requests.wait(XS_WATCH, 0, `watch ${MARK}`, `${MARK}\0${MARK}\0`);
    if (!reply.ok) return reply.error.errno === 'EEXIST' ? true : undefined;
    const isFirst = !isMarked;
    isMarked = true;
    return isFirst;
  };
}

/**
 * Takes the transport: nobody else may read from it or write to it. Without `patience` a request
 * waits as long as the connection lives.
 */
export function createXenstoreClient(
  transport: XenstoreTransport,
  patience?: Patience,
): XenstoreClient {
  const watches = new Map<string, WatchQueue>();
  let nextToken = 1;

  const onEvent = (payload: Uint8Array): void => {
    const [path = '', token = ''] = splitStrings(payload);
    watches.get(token)?.push(path);
  };
  let tellLoss: (why: Failure) => void;
  const loss = new Promise<Failure>((tell) => {
    tellLoss = tell;
  });
  const onLoss = (why: Failure): void => {
    tellLoss(why);
    for (const queue of watches.values()) queue.end(why);
    watches.clear();
  };
  const requests = createRequests(transport, onEvent, onLoss, patience);

  const words = (type: number, what: string, ...args: readonly (string | number)[]) => {
    const texts = args.map(String);
    if (!texts.every(isCString)) return Promise.resolve(fail('EINVAL', `${what}: not latin1`));
    return requests.call(type, 0, what, texts.map((text) => `${text}\0`).join(''));
  };
  const done = async (reply: Promise<Result<Uint8Array>>): Promise<Result<void>> => {
    const result = await reply;
    return result.ok ? ok() : result;
  };
  const text = async (reply: Promise<Result<Uint8Array>>): Promise<Result<string>> => {
    const result = await reply;
    return result.ok ? ok(firstString(result.value)) : result;
  };

  const watch = async (path: string): Promise<Result<Watch>> => {
    const token = `w${nextToken++}`;
    const queue = createWatchQueue(path, async () => {
      watches.delete(token);
      await words(XS_UNWATCH, `unwatch ${path}`, path, token);
    });
    watches.set(token, queue);
    const reply = await words(XS_WATCH, `watch ${path}`, path, token);
    if (reply.ok) return ok(queue.watch);
    watches.delete(token);
    return reply;
  };

  return {
    ...createNodes(requests, 0),
    watch,
    isKnown: marking(requests),
    transaction: (body, options) => runTransaction(requests, body, options),
    introduce: (domid, gfn, port) =>
      done(words(XS_INTRODUCE, `introduce ${domid}`, domid, gfn, port)),
    release: (domid) => done(words(XS_RELEASE, `release ${domid}`, domid)),
    resume: (domid) => done(words(XS_RESUME, `resume ${domid}`, domid)),
    setTarget: (domid, target) =>
      done(words(XS_SET_TARGET, `setTarget ${domid} ${target}`, domid, target)),
    getDomainPath: (domid) => text(words(XS_GET_DOMAIN_PATH, `getDomainPath ${domid}`, domid)),
    isDomainIntroduced: async (domid) => {
      const reply = await text(
        words(XS_IS_DOMAIN_INTRODUCED, `isDomainIntroduced ${domid}`, domid),
      );
      return reply.ok ? ok(reply.value === 'T') : reply;
    },
    control: (...args) => text(words(XS_CONTROL, `control ${args.join(' ')}`, ...args)),
    lost: requests.lost,
    whenLost: () => loss,
    close: requests.close,
  };
}
