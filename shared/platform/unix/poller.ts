/**
 * Descriptors watched through one epoll set of our own, which the event loop watches as one: what
 * is ready together is served together, and the loop's own way to a callback is gone once for all
 * of it instead of once for each.
 */

import { ok, type Result } from '../../core/result.ts';
import { bind, ffi, lastFailure, once } from './ffi.ts';
import { guarded } from './guarded.ts';
import { createWakefulness } from './wakefulness.ts';

const libc = once(() =>
  bind('libc.so.6', {
    epoll_create1: ['int', 'int'],
    epoll_ctl: ['int', 'int', 'int', 'int', 'void *'],
    epoll_wait: ['int', 'int', 'void *', 'int', 'int'],
    close: ['int', 'int'],
  }),
);

/** sys/epoll.h of Linux. */
const EPOLL_CLOEXEC = 0o2000000;
const EPOLL_CTL_ADD = 1;
const EPOLL_CTL_DEL = 2;
const EPOLL_CTL_MOD = 3;
const EPOLLIN = 0x1;
const EPOLLOUT = 0x4;
const EPOLLERR = 0x8;
const EPOLLHUP = 0x10;

/** The words of a struct epoll_event, packed on x86: events, and the u64 of its owner. */
const EVENT_WORDS = 3;

/** Events taken at a time. */
const BATCH = 64;
/** Batches served before the event loop gets its turn, if more comes all the while. */
const BATCHES_PER_TURN = 8;

/** What a descriptor is ready for; `over` if it is hung up or broken. */
export type OnReady = (readable: boolean, writable: boolean, over: boolean) => void;

export interface Polled {
  /** What is waited for; the end of the other side is told always. */
  want(input: boolean, room: boolean): void;
  /** Nothing is told any more. Before the descriptor is closed. */
  remove(): void;
}

export interface Poller {
  /** Waits for input at first. ENOSPC, ENOMEM: the kernel watches no more. */
  add(fd: number, ready: OnReady): Result<Polled>;
  close(): void;
}

/** The errno of epoll_create1 if the process is out of descriptors. */
export function createPoller(): Result<Poller> {
  const library = libc();
  if (!library.ok) return library;
  const { epoll_create1, epoll_ctl, epoll_wait, close } = library.value;
  const set = epoll_create1(EPOLL_CLOEXEC);
  if (set < 0) return lastFailure('cannot make an epoll set');

  const polled = new Map<number, OnReady>();
  const events = new Int32Array(BATCH * EVENT_WORDS);
  const change = new Int32Array(EVENT_WORDS);
  let ready = 0;
  let lastId = 0;

  const serveBatch = (): void => {
    for (let i = 0; i < ready; i++) {
      const what = events[i * EVENT_WORDS] as number;
      // One that was removed since, by another's doing, has no entry; its number is not used again.
      const tell = polled.get((events[i * EVENT_WORDS + 1] as number) >>> 0);
      const over = (what & (EPOLLERR | EPOLLHUP)) !== 0;
      tell?.((what & EPOLLIN) !== 0, (what & EPOLLOUT) !== 0, over);
    }
  };
  const worked = createWakefulness();
  const serveReady = guarded(() => {
    for (let i = 0; i < BATCHES_PER_TURN; i++) {
      ready = polled.size > 0 ? epoll_wait(set, events, BATCH, 0) : 0;
      serveBatch();
      // One alone is asked again by the event loop: nobody else spoke meanwhile.
      if (ready <= 1) break;
    }
    worked();
  });
  const handle = ffi().node.poll(set, { readable: true }, serveReady);

  const control = (op: number, fd: number, id: number, what: number): number => {
    change[0] = what;
    change[1] = id;
    return epoll_ctl(set, op, fd, change);
  };
  return ok({
    add: (fd, tell) => {
      do lastId = (lastId + 1) >>> 0;
      while (polled.has(lastId));
      const id = lastId;
      if (control(EPOLL_CTL_ADD, fd, id, EPOLLIN) !== 0) return lastFailure('cannot watch a file');
      polled.set(id, tell);
      return ok({
        want: (input, room) =>
          void control(EPOLL_CTL_MOD, fd, id, (input ? EPOLLIN : 0) | (room ? EPOLLOUT : 0)),
        remove: () => {
          if (polled.delete(id)) control(EPOLL_CTL_DEL, fd, id, 0);
        },
      });
    },
    close: () => {
      polled.clear();
      handle.close();
      close(set);
    },
  });
}
