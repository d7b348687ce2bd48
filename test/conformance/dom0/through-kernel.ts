/** The host's own xenstored as a subject: dom0's tools, through the kernel's device. */

import { setTimeout as sleep } from 'node:timers/promises';
import { XS_WATCH, XS_WRITE } from '../../../shared/abi/xs-wire.ts';
import { must } from '../../../shared/core/result.ts';
import { connectXenbus } from '../../../shared/platform/unix/xenbus-device.ts';
import { type Line, openLine } from '../line.ts';
import type { Subject } from '../subject.ts';
import { nameOf } from '../subject.ts';

const DEVICE = '/dev/xen/xenbus';
/** Written when all events are due: the kernel delivers them in order, but not beside replies. */
const SYNC = '/sync';
const SYNC_EVENT = `${SYNC}\0sync\0`;
const POLL_MS = 5;
const EVENTS_MS = 20_000;

/** Waits for the next event of SYNC; the ones before it. */
async function eventsUntilSync(line: Line): Promise<string[]> {
  const events: string[] = [];
  for (let waited = 0; waited < EVENTS_MS; waited += POLL_MS) {
    events.push(...line.takeEvents());
    if (events.at(-1) === SYNC_EVENT) return events.slice(0, -1);
    await sleep(POLL_MS);
  }
  throw new Error(`no event of ${SYNC}`);
}

export async function openThroughKernel(tools: number): Promise<Subject> {
  const lines = new Map<string, Line>();
  for (let i = 0; i < tools; i++) {
    const name = `socket ${i}`;
    const line = openLine(must(await connectXenbus(DEVICE)), name, () => undefined);
    await line.ask(XS_WATCH, 0, SYNC_EVENT);
    await eventsUntilSync(line);
    lines.set(name, line);
  }
  const lineOf = (name: string): Line => {
    const line = lines.get(name);
    if (line === undefined) throw new Error(`${name} is not there`);
    return line;
  };
  const never = (): never => {
    throw new Error('the domains of a host are its own');
  };
  return {
    name: 'the host’s',
    request: (actor, type, txId, payload) => lineOf(nameOf(actor)).ask(type, txId, payload),
    events: async () => {
      await lineOf('socket 0').ask(XS_WRITE, 0, `${SYNC}\0`);
      const all = new Map<string, readonly string[]>();
      for (const [name, line] of lines) {
        const events = await eventsUntilSync(line);
        if (events.length > 0) all.set(name, events);
      }
      return all;
    },
    enter: never,
    leave: never,
    world: never,
    ended: () => undefined,
    stop: async () => {
      for (const line of lines.values()) line.close();
    },
  };
}
