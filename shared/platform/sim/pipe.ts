/** Two ends of a byte stream in memory, with arbitrary splits and delays decided by a seed. */

import { type Prng, prng } from '../../core/prng.ts';
import type { Failure } from '../../core/result.ts';
import type { Clock } from '../clock.ts';
import type { XenstoreTransport } from '../xenstore.ts';

export interface PipeOptions {
  readonly clock: Clock;
  readonly seed: number;
  /** Largest chunk; small ones make many splits. 64 if not said. */
  readonly maxChunk?: number;
  /** Longest delay of a chunk; 1 if not said. */
  readonly maxDelayMs?: number;
}

export interface Pipe {
  readonly client: XenstoreTransport;
  readonly server: XenstoreTransport;
  /** Ends both sides at once with a reason; what is under way is lost. */
  break(reason: Failure): void;
}

interface End {
  readonly transport: XenstoreTransport;
  /** Takes what its peer sends. */
  arrive(chunk: Uint8Array): void;
  end(reason?: Failure): void;
}

export function pipe({ clock, seed, maxChunk = 64, maxDelayMs = 1 }: PipeOptions): Pipe {
  const rng = prng(seed);
  let lines: { up: Line; down: Line };
  const client = openEnd(
    clock,
    (bytes) => lines.up.send(bytes),
    () => lines.up.finish(),
  );
  const server = openEnd(
    clock,
    (bytes) => lines.down.send(bytes),
    () => lines.down.finish(),
  );
  lines = {
    up: line(clock, rng, maxChunk, maxDelayMs, server),
    down: line(clock, rng, maxChunk, maxDelayMs, client),
  };
  return {
    client: client.transport,
    server: server.transport,
    break(reason) {
      lines.up.cut();
      lines.down.cut();
      client.end(reason);
      server.end(reason);
    },
  };
}

/**
 * One side. `closing` is told when its owner closes it. Nothing is called back from within a call.
 */
function openEnd(clock: Clock, send: (bytes: Uint8Array) => void, closing: () => void): End {
  const waiting: Uint8Array[] = [];
  let receiver:
    | { onData: (bytes: Uint8Array) => void; onClose: (why?: Failure) => void }
    | undefined;
  let open = true;
  let ended: { reason?: Failure } | undefined;

  const flush = () => {
    while (receiver && waiting.length > 0) receiver.onData(waiting.shift()!);
    if (!receiver || !ended) return;
    const { onClose } = receiver;
    receiver = undefined;
    if (ended.reason) onClose(ended.reason);
    else onClose();
  };
  const soon = () => {
    clock.after(0, flush);
  };
  const end = (reason?: Failure) => {
    if (ended) return;
    open = false;
    ended = reason ? { reason } : {};
    soon();
  };
  return {
    end,
    arrive(chunk) {
      if (!open) return;
      waiting.push(chunk);
      flush();
    },
    transport: {
      write: (bytes) => {
        if (open && bytes.length > 0) send(bytes.slice());
      },
      receive(onData, onClose) {
        receiver = { onData, onClose };
        soon();
      },
      close() {
        if (!open) return;
        open = false;
        waiting.length = 0;
        closing();
        end();
      },
    },
  };
}

interface Line {
  send(bytes: Uint8Array): void;
  /** Ends the far side once all that was sent has arrived. */
  finish(): void;
  cut(): void;
}

/** One direction: chunks in order, one under way at a time. */
function line(
  clock: Clock,
  rng: Prng,
  maxChunk: number,
  maxDelayMs: number,
  far: Pick<End, 'arrive' | 'end'>,
): Line {
  let queue: Uint8Array[] = [];
  let finished = false;
  let cancel: (() => void) | undefined;

  const step = () => {
    cancel = undefined;
    const first = queue.shift();
    if (!first) {
      far.end();
      return;
    }
    const size = Math.min(first.length, 1 + rng.below(maxChunk));
    if (size < first.length) queue.unshift(first.subarray(size));
    if (queue.length > 0 || finished) move();
    far.arrive(first.slice(0, size));
  };
  const move = () => {
    cancel ??= clock.after((rng.below(1000) / 1000) * maxDelayMs, step);
  };
  return {
    send(bytes) {
      queue.push(bytes);
      move();
    },
    finish() {
      finished = true;
      move();
    },
    cut() {
      cancel?.();
      cancel = undefined;
      queue = [];
    },
  };
}
