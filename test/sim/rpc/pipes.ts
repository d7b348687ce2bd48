/** Two ends of a bounded stream of bytes in virtual time, with any splits and delays, by seed. */

import { prng } from '../../../shared/core/prng.ts';
import { fail, ok, type Result } from '../../../shared/core/result.ts';
import type { BytePipe } from '../../../shared/platform/byte-pipe.ts';
import type { Clock } from '../../../shared/platform/clock.ts';

export interface Pipes {
  readonly client: BytePipe;
  readonly server: BytePipe;
  /** Ends both at once; what is under way is lost. */
  cut(): void;
  /** Bytes that nobody has read. */
  unread(): number;
}

interface Half {
  readonly bytes: number[];
  isClosed: boolean;
  isReaderGone: boolean;
  readonly wakes: Set<() => void>;
}

export interface PipesOptions {
  readonly clock: Clock;
  readonly seed: number;
  /** Bytes that may be under way; 1000. */
  readonly capacity?: number;
  readonly maxDelayMs?: number;
}

export function createPipes({
  clock,
  seed,
  capacity = 1000,
  maxDelayMs = 0.05,
}: PipesOptions): Pipes {
  const random = prng(seed);
  const half = (): Half => ({ bytes: [], isClosed: false, isReaderGone: false, wakes: new Set() });
  const [up, down] = [half(), half()];
  const wake = ({ wakes }: Half): void => {
    for (const one of [...wakes]) one();
  };
  const change = (of: Half): Promise<void> =>
    new Promise((resolve) => {
      const one = (): void => {
        of.wakes.delete(one);
        resolve();
      };
      of.wakes.add(one);
    });
  const pause = (): Promise<void> => clock.sleep((random.below(100) / 100) * maxDelayMs);
  const end = (from: Half, to: Half): BytePipe => {
    let isMine = true;
    return {
      read: async (into): Promise<Result<number>> => {
        await pause();
        for (;;) {
          if (!isMine) return fail('ENOTCONN', 'closed here');
          if (from.bytes.length > 0) break;
          if (from.isClosed) return ok(0);
          await change(from);
        }
        const count = 1 + random.below(Math.min(into.length, from.bytes.length));
        into.set(from.bytes.splice(0, count));
        wake(from);
        return ok(count);
      },
      write: async (bytes): Promise<Result<void>> => {
        for (let at = 0; at < bytes.length; ) {
          if (!isMine) return fail('ENOTCONN', 'closed here');
          if (to.isReaderGone) return fail('EPIPE', 'closed there');
          const count = Math.min(bytes.length - at, capacity - to.bytes.length);
          if (count === 0) {
            await change(to);
            continue;
          }
          to.bytes.push(...bytes.subarray(at, at + count));
          at += count;
          wake(to);
        }
        return ok();
      },
      close: () => {
        isMine = false;
        to.isClosed = true;
        from.isReaderGone = true;
        wake(to);
        wake(from);
      },
    };
  };
  const [client, server] = [end(down, up), end(up, down)];
  return {
    client,
    server,
    unread: () => up.bytes.length + down.bytes.length,
    cut: () => {
      up.bytes.length = down.bytes.length = 0;
      client.close();
      server.close();
    },
  };
}
