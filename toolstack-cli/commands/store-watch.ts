/** `xtl store watch` and `xtl store trace`: what happens in xenstore, as it happens. */

import type { Failure } from '../../shared/core/result.ts';
import { fromUtf8, utf8 } from '../../shared/core/utf8.ts';
import type { Watch } from '../../shared/xenstore/watch-queue.ts';
import type { Context } from '../context.ts';
import { DONE, EXIT, failed, failure, type Outcome } from '../output/exit.ts';
import { printable } from '../output/style.ts';
import { readSeconds } from '../seconds.ts';
import type { Options } from '../table.ts';
import { readCount, withStore } from './store.ts';
import { type Running, runningNow, runningText } from './xenstored-running.ts';

/** Prints a path for each event; each watched path comes first, once. */
export function storeWatch(
  context: Context,
  paths: readonly string[],
  options: Options,
): Promise<Outcome> {
  return withStore(context, async (store) => {
    const count = readCount(options.count);
    const timeout = readSeconds(options.timeout);
    if (!count.ok) return failure(EXIT.usage, count.error.what);
    if (!timeout.ok) return failure(EXIT.usage, timeout.error.what);
    const watches: Watch[] = [];
    for (const path of paths) {
      const watch = await store.watch(utf8(path));
      if (!watch.ok) return failed(watch.error);
      watches.push(watch.value);
    }
    let left = count.value ?? Number.POSITIVE_INFINITY;
    let late = false;
    const endAll = (): void => {
      for (const watch of watches) void watch.return();
    };
    const { out } = context.terminal;
    out.whenClosed(endAll);
    const cancel =
      timeout.value === undefined
        ? undefined
        : context.after(timeout.value, () => {
            late = true;
            endAll();
          });
    await Promise.all(
      watches.map(async (watch) => {
        for await (const path of watch) {
          if (left <= 0) break;
          left--;
          out.write(`${printable(fromUtf8(path))}\n`);
          if (left <= 0) endAll();
          // Meanwhile the watch's own queue takes what comes, and stays small.
          await out.drained();
        }
      }),
    );
    cancel?.();
    const lost = watches.map((watch) => watch.failure()).find((why) => why !== undefined);
    if (lost !== undefined) return failed(lost);
    const missing = late && count.value !== undefined && left > 0;
    return missing ? failure(EXIT.timeout, `${left} events did not come in time`) : DONE;
  });
}

/** The console of a xenstore domain, where xenconsoled logs it. */
const DOMAIN_LOG = '/var/log/xen/console/guest-Xenstore.log';

/** Only a process of ours has a socket for its trace: what helps with another? */
function withoutTrace(error: Failure, now: Running): Outcome {
  const who = `the xenstored that answers is ${runningText(now)}`;
  if (now.running === 'xtl' && now.domain === 0) {
    return failed(error, `${who}, but its trace cannot be had: `, { ENOENT: EXIT.wrongState });
  }
  const other =
    now.running === 'xtl'
      ? `it shows its traffic in ${DOMAIN_LOG} after 'xenstore-control log on'`
      : "only xtl's shows its traffic here. In C, Xen's writes it to a file after " +
        "'xenstore-control logfile FILE'; 'xtl xenstored enable' lets this host start xtl's at " +
        'the next boot';
  return failure(EXIT.wrongState, `${who}: ${other}`);
}

/** Prints the daemon's decoded traffic until the daemon ends. */
export async function storeTrace(context: Context): Promise<Outcome> {
  const traffic = await context.traffic();
  if (!traffic.ok) {
    const store = await context.xenstore();
    if (!store.ok) return failed(store.error);
    const now = await runningNow(context);
    return now.ok ? withoutTrace(traffic.error, now.value) : failed(now.error);
  }
  const { out } = context.terminal;
  out.whenClosed(() => traffic.value.close());
  for await (const bytes of traffic.value) {
    out.write(bytes);
    // The daemon drops what nobody reads, and says how much.
    await out.drained();
  }
  return DONE;
}
