/**
 * A listening Unix socket whose connections are read and written by plain system calls from the
 * event loop: half the time of Node's streams for a short request, and no buffer for every read.
 */

import { type BigIntStats, lstatSync, rmSync } from 'node:fs';
import { errnoName } from '../../core/errno.ts';
import { fail, ok, type Result } from '../../core/result.ts';
import type { PeerIdentity } from '../byte-pipe.ts';
import { bind, ffi, lastFailure, once } from './ffi.ts';
import type { Lock } from './lock-file.ts';
import { userBehind } from './peer-user.ts';
import { createPoller, type Poller } from './poller.ts';
import { reasonOf } from './reason.ts';

export interface ServedStream {
  /**
   * Copies what has come into `into`: how many bytes, 0 for nothing now, -1 once it ended or broke.
   */
  read(into: Uint8Array): number;
  /** Takes some of the first `size` bytes of `bytes`: how many, -1 once it broke. */
  write(bytes: Uint8Array, size?: number): number;
  /** What the owner is told of; at first that there is something to read. */
  want(input: boolean, room: boolean): void;
  /** The user at the other end, as the kernel knew him when he connected. EIO. */
  peer(): Result<PeerIdentity>;
  /** After this the owner hears nothing more. */
  close(): void;
}

export interface ServedStreamOwner {
  readable(): void;
  writable(): void;
}

type Accept = (stream: ServedStream) => ServedStreamOwner;

/** Takes a line about what goes wrong while it serves, as often as that may be. */
type Report = (line: string) => void;

export interface StreamServer {
  /** Stops listening, removes the socket and closes all connections. */
  close(): void;
}

const libc = once(() =>
  bind('libc.so.6', {
    socket: ['int', 'int', 'int', 'int'],
    bind: ['int', 'int', 'void *', 'uint'],
    connect: ['int', 'int', 'void *', 'uint'],
    listen: ['int', 'int', 'int'],
    accept4: ['int', 'int', 'void *', 'void *', 'int'],
    read: ['long', 'int', 'void *', 'size_t'],
    write: ['long', 'int', 'void *', 'size_t'],
    close: ['int', 'int'],
  }),
);

type Libc = Extract<ReturnType<typeof libc>, { ok: true }>['value'];

/** socket.h, errno.h, un.h of Linux. */
const AF_UNIX = 1;
const SOCK_STREAM = 1;
const FLAGS = 0o2004000; // SOCK_NONBLOCK | SOCK_CLOEXEC
const EINTR = 4;
const EAGAIN = 11;
const PATH_MAX = 107;

const BACKLOG = 128;
/** Connections accepted before others get their turn. */
const ACCEPT_BATCH = 16;
/** How long to wait with accepting when the process is out of descriptors. */
const ACCEPT_PAUSE_MS = 100;

function addressOf(path: string): Uint8Array {
  const address = new Uint8Array(PATH_MAX + 3);
  address[0] = AF_UNIX;
  address.set(Buffer.from(path), 2);
  return address;
}

/** The bytes moved, 0 if it would block, -1 for any other error. */
function moved(count: number): number {
  if (count >= 0) return count;
  const errno = ffi().errno();
  return errno === EAGAIN || errno === EINTR ? 0 : -1;
}

/** Why the native call just made has failed. */
function lastWords(): string {
  return reasonOf({ code: errnoName(ffi().errno()) }).words;
}

/** What all connections of a server share. */
interface Server {
  readonly libc: Libc;
  readonly poller: Poller;
  /** How to end each connection. */
  readonly open: Set<() => void>;
  readonly accept: Accept;
  readonly report: Report;
}

function serve({ libc, poller, open, accept, report }: Server, fd: number): void {
  const { read, write, close } = libc;
  let isOpen = true;
  let broken = false;
  let lastRead = 1;

  const end = (): void => {
    if (!isOpen) return;
    isOpen = false;
    open.delete(end);
    if (polled.ok) polled.value.remove();
    close(fd);
  };

  const polled = poller.add(fd, (readable, writable, over) => {
    if (writable && isOpen && !over) owner.writable();
    if (readable && isOpen && !over) owner.readable();
    if (!over) return;
    // Nobody listens to replies any more. What came before the end is still there to read.
    for (lastRead = 1; isOpen && lastRead > 0; ) owner.readable();
    broken = true;
    if (isOpen) owner.readable();
  });
  if (!polled.ok) {
    report(`a connection was closed at once: ${polled.error.what}: ${lastWords()}`);
    close(fd);
    return;
  }
  open.add(end);

  const owner = accept({
    read: (into) => {
      if (broken) return -1;
      const count = read(fd, into, into.length);
      lastRead = count === 0 ? -1 : moved(count);
      return lastRead;
    },
    write: (bytes, size = bytes.length) => (broken ? -1 : moved(write(fd, bytes, size))),
    want: (input, room) => {
      if (isOpen) polled.value.want(input, room);
    },
    peer: () => userBehind(fd),
    close: end,
  });
}

/** Removes a socket that nobody listens on any more; nothing else. */
function removeSocket(path: string): Result<void> {
  try {
    const there = lstatSync(path, { throwIfNoEntry: false });
    if (there === undefined) return ok();
    if (!there.isSocket()) return fail('EEXIST', `${path} is there and is no socket`);
    rmSync(path);
    return ok();
  } catch (thrown) {
    return fail('EACCES', `cannot remove ${path}: ${(thrown as Error).message}`);
  }
}

type Identity = Pick<BigIntStats, 'dev' | 'ino' | 'birthtimeNs'>;

/** What a path names now: numbers of files are used again, times of birth are not. */
function identityOf(path: string): Identity | undefined {
  try {
    return lstatSync(path, { throwIfNoEntry: false, bigint: true });
  } catch {
    return undefined;
  }
}

/** Removes the socket that was bound, not what others have put in its place. */
function removeBound(path: string, bound: Identity | undefined): void {
  const there = identityOf(path);
  if (there === undefined || bound === undefined) return;
  const same = there.dev === bound.dev && there.ino === bound.ino;
  if (same && there.birthtimeNs === bound.birthtimeNs) rmSync(path, { force: true });
}

/** A socket bound to `path`, which takes the place of one that nobody listens on. */
function listenAt({ socket, bind, connect, listen, close }: Libc, path: string): Result<number> {
  if (Buffer.byteLength(path) > PATH_MAX) return fail('EINVAL', `the path ${path} is too long`);
  const address = addressOf(path);
  const fd = socket(AF_UNIX, SOCK_STREAM | FLAGS, 0);
  if (fd < 0) return lastFailure('cannot make a socket');
  const failed = (what: string): Result<number> => {
    const failure = lastFailure(what);
    close(fd);
    return failure;
  };
  const probe = socket(AF_UNIX, SOCK_STREAM | FLAGS, 0);
  const answered = connect(probe, address, address.length) === 0 || ffi().errno() === EAGAIN;
  close(probe);
  if (answered) {
    close(fd);
    return fail('EADDRINUSE', `somebody listens on ${path} already`);
  }
  const cleared = removeSocket(path);
  if (!cleared.ok) {
    close(fd);
    return cleared;
  }
  // Never, not for a moment, for others than its owner.
  const before = process.umask(0o177);
  const bound = bind(fd, address, address.length) === 0;
  process.umask(before);
  if (!bound) return failed(`cannot bind a socket to ${path}`);
  if (listen(fd, BACKLOG) === 0) return ok(fd);
  rmSync(path, { force: true });
  return failed(`cannot listen on ${path}`);
}

/**
 * Accepts a few at a time; pauses when the process is out of descriptors, and tells once that
 * others wait, and once that they do no more. Returns its end.
 */
function acceptFrom(server: Server, fd: number, path: string): Result<() => void> {
  const { accept4 } = server.libc;
  const { report } = server;
  let timer: NodeJS.Timeout | undefined;
  let fails = false;
  const over = (): void => {
    fails = false;
    report(`connections to ${path} wait no more`);
  };
  const again = (): void => {
    want(true);
    // If somebody still waits, this is heard of at once.
    timer = setTimeout(over, ACCEPT_PAUSE_MS);
  };
  const pause = (): void => {
    if (!fails) report(`cannot accept connections to ${path}: ${lastWords()}; they wait`);
    fails = true;
    want(false);
    clearTimeout(timer);
    timer = setTimeout(again, ACCEPT_PAUSE_MS);
  };
  const polled = server.poller.add(fd, () => {
    for (let i = 0; i < ACCEPT_BATCH; i++) {
      const made = accept4(fd, null, null, FLAGS);
      if (made < 0) {
        // Without a descriptor it does not say whether another one waits: the next call does.
        if (i === 0 && moved(made) !== 0) pause();
        return;
      }
      serve(server, made);
    }
  });
  if (!polled.ok) return polled;
  const want = (input: boolean): void => polled.value.want(input, false);
  return ok(() => {
    clearTimeout(timer);
    polled.value.remove();
  });
}

/**
 * Listens on `path`, for root alone. To look whether somebody listens, to remove what nobody
 * listens on and to bind are three steps: `_under` is a lock that all who may want the place hold
 * for as long as they serve. EADDRINUSE if somebody listens already, EINVAL for a path that
 * is too long, EACCES, ENOENT without its folder.
 */
export function serveStreams(
  path: string,
  _under: Lock,
  accept: Accept,
  report: Report = () => {},
): Result<StreamServer> {
  const library = libc();
  if (!library.ok) return library;
  const listening = listenAt(library.value, path);
  if (!listening.ok) return listening;
  const fd = listening.value;
  const bound = identityOf(path);
  const { close } = library.value;
  const poller = createPoller();
  if (!poller.ok) {
    removeBound(path, bound);
    close(fd);
    return poller;
  }
  const open = new Set<() => void>();
  const server = { libc: library.value, poller: poller.value, open, accept, report };
  const accepting = acceptFrom(server, fd, path);
  const closeAll = (): void => {
    if (accepting.ok) accepting.value();
    removeBound(path, bound);
    close(fd);
    for (const end of [...open]) end();
    poller.value.close();
  };
  if (accepting.ok) return ok({ close: closeAll });
  closeAll();
  return accepting;
}
