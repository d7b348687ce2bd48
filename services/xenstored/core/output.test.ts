/** What a reader gets is what was sent, less what it left unread for too long, however it reads. */

import { describe, expect, it } from 'vitest';
import { type Prng, prng } from '../../../shared/core/prng.ts';
import { HEADER_SIZE } from '../../../shared/xenstore/wire.ts';
import {
  beginEvent,
  beginPacket,
  clearOutput,
  consumeOutput,
  createOutput,
  eventCount,
  expireEvents,
  type Gone,
  nextDeadlineMs,
  packetBytes,
  peekOutput,
  unfinishedBytes,
} from './output.ts';
import type { Owed } from './state.ts';
import { address, createTold, putEvent, tell } from './told.ts';
import { isWaiting } from './waiting-events.ts';

/** A packet of the model: what an output that keeps a plain list would hold. */
interface Plain {
  bytes: number[];
  readonly event: string | undefined;
  readonly deadlineMs: number;
  readonly owed: Owed | undefined;
  readonly size: number;
  begun: boolean;
}

function createScene(random: Prng) {
  const gone: string[] = [];
  const expected: string[] = [];
  const nameOf = (owed: Owed | undefined) => `${owed?.events ?? 'nobody'}`;
  const told: Gone = {
    reply: (_payer, owed, size) => void gone.push(`reply ${nameOf(owed)} ${size}`),
    event: (_payer, owed, size) => void gone.push(`event ${nameOf(owed)} ${size}`),
  };
  const output = createOutput(told, undefined);
  const text = createTold();
  let model: Plain[] = [];
  let [nowMs, number] = [0, 0];

  const leave = (packet: Plain): void => {
    const kind = packet.event === undefined ? 'reply' : 'event';
    const isTold = packet.event !== undefined || packet.owed !== undefined;
    if (isTold) expected.push(`${kind} ${nameOf(packet.owed)} ${packet.size}`);
  };
  const owedOrNot = (): Owed | undefined =>
    random.chance(0.5) ? { domain: undefined as never, events: ++number, read: false } : undefined;
  const added = (event: string | undefined, deadlineMs: number, owed: Owed | undefined) => {
    const bytes = output.last.bytes;
    const { tail } = output.last;
    const size = new DataView(bytes.buffer).getUint32(lastStart() + 12, true) + HEADER_SIZE;
    const packet = [...bytes.subarray(tail - size, tail)];
    model.push({ bytes: packet, event, deadlineMs, owed, size, begun: false });
  };
  let lastLength = 0;
  const lastStart = (): number => output.last.tail - lastLength - HEADER_SIZE;

  const reply = (): void => {
    lastLength = random.below(random.chance(0.05) ? 4097 : 60);
    const owed = owedOrNot();
    const at = beginPacket(output, 2, number, 0, lastLength, owed);
    packetBytes(output).fill(random.below(256), at, at + lastLength);
    added(undefined, Number.POSITIVE_INFINITY, owed);
  };
  const event = (): void => {
    const path = `/${'p'.repeat(random.below(4))}/${random.below(30)}`;
    tell(text, path, random.chance(0.5));
    address(text, random.below(2), `t${random.below(3)}`, random.below(2));
    const shown = `${path.slice(text.from)}:${text.token}:${text.hash}`;
    const same = (each: Plain) => !each.begun && each.event === `${shown}@${text.from}`;
    expect(isWaiting(output.events, text)).toBe(model.some(same));
    if (model.some(same)) return;
    const owed = owedOrNot();
    lastLength = path.length - text.from + text.token.length + 2;
    const at = beginEvent(output, lastLength, text, nowMs + 100, owed);
    putEvent(text, packetBytes(output), at);
    added(`${shown}@${text.from}`, nowMs + 100, owed);
  };
  const read = (): void => {
    const piece = peekOutput(output);
    const count = random.chance(0.3) ? piece.length : random.below(piece.length + 1);
    const bytes = [...piece.subarray(0, count)];
    consumeOutput(output, count);
    const wanted: number[] = [];
    const done: Plain[] = [];
    for (let left = count; left > 0; ) {
      const first = model[0] as Plain;
      const taken = first.bytes.splice(0, left);
      wanted.push(...taken);
      left -= taken.length;
      first.begun = true;
      if (first.bytes.length === 0) done.push(model.shift() as Plain);
    }
    // Events are told of first, in their order.
    for (const each of done) if (each.event !== undefined) leave(each);
    for (const each of done) if (each.event === undefined) leave(each);
    expect(bytes).toEqual(wanted);
  };
  const expire = (): void => {
    nowMs += random.below(60);
    const late = model.filter((each) => each.deadlineMs <= nowMs && !each.begun);
    expect(expireEvents(output, nowMs)).toBe(late.length);
    model = model.filter((each) => !late.includes(each));
    for (const each of late) leave(each);
  };
  const clear = (): void => {
    clearOutput(output);
    for (const each of model) if (each.event !== undefined) leave(each);
    for (const each of model) if (each.event === undefined) leave(each);
    model = [];
  };
  const check = (): void => {
    const events = model.filter((each) => each.event !== undefined);
    expect(output.size).toBe(model.reduce((sum, { bytes }) => sum + bytes.length, 0));
    expect(eventCount(output)).toBe(events.length);
    const waiting = events.filter(({ begun }) => !begun).map(({ deadlineMs }) => deadlineMs);
    expect(nextDeadlineMs(output)).toBe(Math.min(Number.POSITIVE_INFINITY, ...waiting));
    const [first] = model;
    const counts = first !== undefined && (first.event !== undefined || first.owed !== undefined);
    const begun = counts ? first.size - first.bytes.length : 0;
    expect(unfinishedBytes(output)).toBe(output.size + begun);
    expect(gone.splice(0)).toEqual(expected.splice(0));
  };
  return { reply, event, read, expire, clear, check, output };
}

describe('an output', () => {
  it.each([1, 2, 3, 4, 5, 6, 7, 8])('is what a plain list would be, seed %d', (seed) => {
    const random = prng(seed);
    const scene = createScene(random);
    // Some seeds read seldom: pieces and records grow.
    const reads = random.pick([0.02, 0.1, 0.4]);
    // Positions run through 2^32.
    scene.output.first.base = random.pick([0, 0xffff_ff00, 0xffff_0000]);
    for (let step = 0; step < 1500; step++) {
      if (random.chance(reads)) scene.read();
      else if (random.chance(0.02)) scene.expire();
      else if (random.chance(0.001)) scene.clear();
      else if (random.chance(0.6)) scene.event();
      else scene.reply();
      scene.check();
    }
  });
});
