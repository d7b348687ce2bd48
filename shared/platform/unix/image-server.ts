/**
 * A qemu-nbd for one image: started, watched, started anew when it dies, and ended by SIGTERM, at
 * which it writes what it still has. It is never killed, which would lose that. The image is locked
 * by it (OFD locks): shared where it is read, alone where it is written.
 */

import { rmSync } from 'node:fs';
import { type Failure, fail, ok, type Result } from '../../core/result.ts';
import type { Clock } from '../clock.ts';
import {
  imageFailure,
  isDirect,
  isServerOf,
  qemuNbdArguments,
  type ServedImage,
  type ServerPaths,
} from './qemu-nbd.ts';
import {
  becomes,
  endPredecessor,
  findProgram,
  forgetNumber,
  numberIn,
  PROGRAM_FOLDERS,
  type ServerProcess,
  startProcess,
} from './server-process.ts';

export interface ImageServerOptions {
  readonly image: ServedImage;
  /** A folder for root alone, and a name in it, which the next process will use for this disk. */
  readonly folder: string;
  readonly name: string;
  readonly clock: Clock;
  /** It has died, or does not start again. */
  readonly report: (what: string) => void;
  /** Where programs are: for tests. */
  readonly programs?: readonly string[];
}

export interface ImageServer {
  /** Where it listens, for one client at a time, with one export without a name. */
  readonly socketPath: string;
  /** The number of its process now; undefined while there is none. */
  pid(): number | undefined;
  /** Once it has written everything and is gone. */
  close(): Promise<void>;
}

/** Between attempts to start it anew: at first, and at most. */
const RETRY_FIRST_MS = 50;
const RETRY_MAX_MS = 2000;
/** One that lived that long was well: the next one is started soon again. */
const WELL_MS = 10_000;

/** A server that listens. */
async function start(
  options: ImageServerOptions,
  paths: ServerPaths,
): Promise<Result<ServerProcess>> {
  const { image, clock, programs = PROGRAM_FOLDERS } = options;
  const program = findProgram('qemu-nbd', 'qemu-utils', programs);
  if (!program.ok) return program;
  const direct = isDirect(image);
  if (!direct.ok) return direct;
  const gone = await endPredecessor(paths.pid, (words) => isServerOf(words, paths), clock);
  if (!gone.ok) return fail(gone.error.errno, `${image.path}: ${gone.error.what}`);
  for (const path of [paths.pid, paths.socket]) rmSync(path, { force: true });
  const started = startProcess(program.value, qemuNbdArguments(image, paths, direct.value));
  if (!started.ok) return started;
  const { child, hasEnded, words } = started.value;
  const isThere = (): boolean => numberIn(paths.pid) === child.pid;
  const isReady = await becomes(clock, () => hasEnded() || isThere());
  if (hasEnded()) return { ok: false, error: imageFailure(image, words()) };
  if (isReady) return started;
  child.kill('SIGTERM');
  return fail('ETIMEDOUT', `${image.path}: qemu-nbd does not begin to serve it`);
}

interface State {
  readonly options: ImageServerOptions;
  readonly paths: ServerPaths;
  server: ServerProcess | undefined;
  isClosed: boolean;
  retryMs: number;
  told: string | undefined;
  cancel: () => void;
}

/** Starts it anew after a while whenever it has ended. */
function watch(state: State, server: ServerProcess): void {
  const { options, paths } = state;
  const { clock, image } = options;
  const since = clock.nowMs();
  state.server = server;
  void server.ended.then((how) => {
    forgetNumber(paths.pid, server.child.pid);
    state.server = undefined;
    if (state.isClosed) return;
    if (clock.nowMs() - since > WELL_MS) state.retryMs = RETRY_FIRST_MS;
    const words = server.words().trim();
    options.report(`qemu-nbd of ${image.path} has ended: ${how}${words && `, ${words}`}`);
    again(state);
  });
}

function again(state: State): void {
  state.cancel = state.options.clock.after(state.retryMs, () => void restart(state));
  state.retryMs = Math.min(2 * state.retryMs, RETRY_MAX_MS);
}

async function restart(state: State): Promise<void> {
  const started = await start(state.options, state.paths);
  if (started.ok) {
    state.told = undefined;
    watch(state, started.value);
    if (state.isClosed) started.value.child.kill('SIGTERM');
    return;
  }
  tell(state, started.error);
  if (!state.isClosed) again(state);
}

function tell(state: State, { what }: Failure): void {
  if (state.told !== what) state.options.report(what);
  state.told = what;
}

/**
 * ENOENT: no image there, or no qemu-nbd on this host; EINVAL: it is not of that format; EBUSY:
 * somebody writes it, or reads it where it is to be written, or a predecessor has not ended yet;
 * EACCES and their like say what is wrong with the path; EIO: what qemu-nbd says.
 */
export async function serveImage(options: ImageServerOptions): Promise<Result<ImageServer>> {
  const { folder, name } = options;
  const paths = { socket: `${folder}/${name}.sock`, pid: `${folder}/${name}.pid` };
  const started = await start(options, paths);
  if (!started.ok) return started;
  const state: State = {
    ...{ options, paths, server: undefined, isClosed: false, retryMs: RETRY_FIRST_MS },
    ...{ told: undefined, cancel: () => {} },
  };
  watch(state, started.value);
  return ok({
    socketPath: paths.socket,
    pid: () => state.server?.child.pid,
    close: async () => {
      state.isClosed = true;
      state.cancel();
      state.server?.child.kill('SIGTERM');
      await state.server?.ended;
    },
  });
}
