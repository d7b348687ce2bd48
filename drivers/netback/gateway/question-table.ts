/**
 * Questions to the name server that wait for its answer. In this process's own memory: who gets no
 * answer asks again.
 */

import { mixed } from '../state/index-of-entries.ts';
import { PORTS_MAX } from '../switch/limits.ts';
import { QUESTION_S, QUESTIONS_MAX, QUESTIONS_PER_PORT } from './limits.ts';

export interface Questions {
  /** By entry; before `nowS`: it is free. */
  readonly untilS: Float64Array;
  /** Ours: what the answer must come to. */
  readonly ids: Uint16Array;
  readonly outerPorts: Uint16Array;
  /** Of the name, type and class that were asked. */
  readonly hashes: Int32Array;
  /** Who asked: its port of the switch, address, UDP port and id. */
  readonly ports: Int16Array;
  readonly clients: Int32Array;
  readonly clientPorts: Uint16Array;
  readonly clientIds: Uint16Array;
  /** By port. */
  readonly counts: Int16Array;
}

export function createQuestions(): Questions {
  return {
    untilS: new Float64Array(QUESTIONS_MAX).fill(-1),
    ids: new Uint16Array(QUESTIONS_MAX),
    outerPorts: new Uint16Array(QUESTIONS_MAX),
    hashes: new Int32Array(QUESTIONS_MAX),
    ports: new Int16Array(QUESTIONS_MAX).fill(-1),
    clients: new Int32Array(QUESTIONS_MAX),
    clientPorts: new Uint16Array(QUESTIONS_MAX),
    clientIds: new Uint16Array(QUESTIONS_MAX),
    counts: new Int16Array(PORTS_MAX + 1),
  };
}

export function endQuestion(all: Questions, entry: number): void {
  const port = all.ports[entry] as number;
  if (port >= 0) all.counts[port] = (all.counts[port] as number) - 1;
  all.ports[entry] = -1;
  all.untilS[entry] = -1;
}

/** A free entry for a question from this port; -1: it has asked too much, or all have. */
export function beginQuestion(all: Questions, port: number, nowS: number): number {
  let place = -1;
  for (let entry = 0; entry < QUESTIONS_MAX; entry++) {
    if ((all.untilS[entry] as number) >= nowS) continue;
    if (all.ports[entry] !== -1) endQuestion(all, entry);
    if (place < 0) place = entry;
  }
  if (place < 0 || (all.counts[port] as number) >= QUESTIONS_PER_PORT) return -1;
  all.ports[place] = port;
  all.counts[port] = (all.counts[port] as number) + 1;
  all.untilS[place] = nowS + QUESTION_S;
  return place;
}

/** Whether an answer may come to this port of ours. */
export function isAsking({ untilS, outerPorts }: Questions, port: number, nowS: number): boolean {
  for (let entry = 0; entry < QUESTIONS_MAX; entry++) {
    if (outerPorts[entry] === port && (untilS[entry] as number) >= nowS) return true;
  }
  return false;
}

/** The question that is answered by this; -1: none. */
export function findQuestion(
  all: Questions,
  outerPort: number,
  id: number,
  hash: number,
  nowS: number,
): number {
  for (let entry = 0; entry < QUESTIONS_MAX; entry++) {
    if (all.outerPorts[entry] !== outerPort || (all.untilS[entry] as number) < nowS) continue;
    if (all.ids[entry] === id && all.hashes[entry] === hash) return entry;
  }
  return -1;
}

/** Of the question's bytes, names in whatever case. */
export function questionHash(bytes: Uint8Array, from: number, end: number): number {
  let hash = end - from;
  for (let i = from; i < end; i++) {
    const byte = bytes[i] as number;
    hash = mixed(hash, byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte);
  }
  return hash;
}
