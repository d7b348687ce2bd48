/**
 * A network that another domain serves, as what lies behind vifs of ours. Its rings come and go
 * with the back end; frames that were on their way then are lost, as on any wire.
 */

import type { NetLink } from '../../../shared/platform/net-io.ts';
import type { Region } from '../../../shared/platform/region.ts';
import { awaitResponses } from '../../../shared/ring/io-ring.ts';
import { createReceiver, hasAnswers, type Receiver, receiveFrames } from './receive.ts';
import type { VifRings } from './rings.ts';
import {
  createSender,
  FULL,
  MALFORMED,
  publishSent,
  SENT,
  type Sender,
  sendFrame,
  takeAnswers,
  UNFIT,
} from './send.ts';

/** Frames that were not passed on, by why. */
export interface Lost {
  /** For the back end: it is not there, or does not keep up; no frame; none that it takes. */
  noRoom: number;
  malformed: number;
  unfit: number;
  /** From it: not all there, or contradicting themselves. */
  received: number;
}

export interface Uplink {
  /** One queue. It is there as long as the vif is, whoever serves it. */
  readonly link: NetLink;
  readonly lost: Lost;
  /** The back end serves these rings now, which are as initRing leaves them. */
  begin(rings: VifRings): void;
  /** It serves them no more. */
  end(): void;
  /** There was an event of the ring of what is received. */
  heard(): void;
}

interface State {
  readonly lost: Lost;
  /** The back end lies; nothing of its rings counts any more. */
  readonly report: (what: string) => void;
  sender: Sender | undefined;
  receiver: Receiver | undefined;
  /** Who wants to be told of frames. */
  waiting: (() => void) | undefined;
}

function end(state: State): void {
  state.sender = undefined;
  state.receiver = undefined;
}

function lies(state: State, what: string): void {
  end(state);
  state.report(what);
}

function tell(state: State): void {
  const { waiting } = state;
  state.waiting = undefined;
  waiting?.();
}

function send(state: State, region: Region, at: number, bytes: number): boolean {
  const { sender, lost } = state;
  if (sender === undefined) {
    lost.noRoom++;
    return false;
  }
  let became = sendFrame(sender, region, at, bytes);
  if (became === FULL) {
    const lie = takeAnswers(sender);
    if (lie === '') became = sendFrame(sender, region, at, bytes);
    else lies(state, lie);
  }
  if (became === FULL) lost.noRoom++;
  else if (became === MALFORMED) lost.malformed++;
  else if (became === UNFIT) lost.unfit++;
  return became === SENT;
}

function receive(
  state: State,
  region: Region,
  at: number,
  slotBytes: number,
  lengths: Uint32Array,
  max: number,
): number {
  const { receiver, lost } = state;
  if (receiver === undefined) return 0;
  const before = receiver.dropped;
  const got = receiveFrames(receiver, region, at, slotBytes, lengths, max);
  lost.received += receiver.dropped - before;
  if (receiver.lie !== '') lies(state, receiver.lie);
  return got;
}

/** Whether there are frames; if not, there will be an event with the next one. */
function isReady({ receiver }: State): boolean {
  return receiver !== undefined && (hasAnswers(receiver) || awaitResponses(receiver.ring) !== 0);
}

/** `report`: the back end lies, and how. It is to be ended; nothing is used of its any more. */
export function createUplink(
  { mac, mtu }: Pick<NetLink, 'mac' | 'mtu'>,
  report: (what: string) => void,
): Uplink {
  const lost: Lost = { noRoom: 0, malformed: 0, unfit: 0, received: 0 };
  const state: State = {
    ...{ lost, report, sender: undefined, receiver: undefined, waiting: undefined },
  };
  const tellIfReady = (): void => {
    if (state.waiting !== undefined && isReady(state)) tell(state);
  };
  const link: NetLink = {
    ...{ mac, mtu, queues: 1 },
    tx: (_queue, region, at, bytes) => send(state, region, at, bytes),
    rx: (_queue, region, at, slotBytes, lengths, max) =>
      receive(state, region, at, slotBytes, lengths, max),
    want: (_queue, then) => {
      state.waiting = then;
      tellIfReady();
    },
    submit: () => {
      if (state.sender !== undefined) publishSent(state.sender);
    },
    close: () => end(state),
  };
  return {
    link,
    lost,
    begin: (rings) => {
      state.sender = createSender(rings);
      state.receiver = createReceiver(rings);
      tellIfReady();
    },
    end: () => end(state),
    heard: tellIfReady,
  };
}
