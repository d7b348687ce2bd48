/**
 * The newstyle handshake, from the client's end, over bytes that come in pieces of any size. It
 * asks for one export with NBD_OPT_GO and its block sizes; servers that do not know that option are
 * asked with NBD_OPT_EXPORT_NAME, to which they answer an export or hang up.
 */

import { getU16, getU32, isMagic, putU16, putU32 } from '../core/big-endian.ts';
import { latin1Of, putLatin1 } from '../core/bytes.ts';
import { fail, ok, type Result } from '../core/result.ts';
import { type Blocks, type NbdExport, readBlocks, readExport } from './export.ts';
import { OPTION_REPLIES_MAX, OPTION_REPLY_MAX, WORDS_MAX } from './limits.ts';
import {
  IHAVEOPT,
  NBD_FLAG_FIXED_NEWSTYLE,
  NBD_FLAG_NO_ZEROES,
  NBD_INFO_BLOCK_SIZE,
  NBD_INFO_EXPORT,
  NBD_OPT_EXPORT_NAME,
  NBD_OPT_GO,
  NBD_REP_ACK,
  NBD_REP_ERR_UNSUP,
  NBD_REP_INFO,
  NBD_REP_MAGIC,
  NBDMAGIC,
  OPTION_REPLY_BYTES,
} from './protocol.ts';

export interface Handshake {
  /** Takes of what the server has sent all, or up to the handshake's end: where that is. */
  take(bytes: Uint8Array, start: number, end: number): number;
  /** What is to be sent now: possibly nothing. */
  takeOutgoing(): Uint8Array;
  /**
   * Undefined before its end. EPROTO: it breaks the protocol; ENOENT, EACCES, EOPNOTSUPP,
   * EINVAL: it does not give us the export.
   */
  outcome(): Result<NbdExport> | undefined;
}

/** So many bytes, and who looks at them then; or how it has ended. */
type Next = { readonly wanted: number; readonly step: (state: State) => Next } | Result<NbdExport>;

interface State {
  /** Bytes as they are sent, a character each. */
  readonly exportName: string;
  readonly buffer: Uint8Array;
  have: number;
  next: Next;
  outgoing: number[];
  hasNoZeroes: boolean;
  replies: number;
  found: NbdExport | undefined;
  blocks: Blocks | undefined;
}

const NOTHING = new Uint8Array(0);
/** Two magic numbers and flags. */
const GREETING_BYTES = 18;
const ZEROES_BYTES = 124;

const ERRORS: Readonly<Record<number, ReturnType<typeof fail>>> = {
  2: fail('EACCES', 'its policy forbids it'),
  3: fail('EINVAL', 'it takes our request for invalid'),
  4: fail('EOPNOTSUPP', 'its platform cannot do it'),
  5: fail('EOPNOTSUPP', 'it wants TLS, which is not supported'),
  6: fail('ENOENT', 'it has no export of that name'),
  7: fail('ECONNREFUSED', 'it is about to end'),
  8: fail('EOPNOTSUPP', 'it wants its block sizes to be asked for'),
  9: fail('EINVAL', 'the request is too big for it'),
  10: fail('EOPNOTSUPP', 'it wants extended headers, which are not supported'),
};

const breach = (what: string): ReturnType<typeof fail> => fail('EPROTO', what);

function greeted(state: State): Next {
  const { buffer } = state;
  if (!isMagic(buffer, 0, NBDMAGIC)) return breach('it is no NBD server');
  if (!isMagic(buffer, 8, IHAVEOPT)) {
    return breach('it speaks the old handshake of NBD, which is not supported');
  }
  const flags = getU16(buffer, 16);
  state.hasNoZeroes = (flags & NBD_FLAG_NO_ZEROES) !== 0;
  const ours = new Uint8Array(4);
  putU32(ours, 0, flags & (NBD_FLAG_FIXED_NEWSTYLE | NBD_FLAG_NO_ZEROES));
  state.outgoing.push(...ours);
  return (flags & NBD_FLAG_FIXED_NEWSTYLE) === 0 ? askByName(state) : askGo(state);
}

function sendOption({ outgoing }: State, option: number, data: Uint8Array): void {
  const head = new Uint8Array(16);
  putU32(head, 0, IHAVEOPT[0]);
  putU32(head, 4, IHAVEOPT[1]);
  putU32(head, 8, option);
  putU32(head, 12, data.length);
  outgoing.push(...head, ...data);
}

const OPTION_REPLY: Next = { wanted: OPTION_REPLY_BYTES, step: replied };

function askGo(state: State): Next {
  const { exportName } = state;
  const data = new Uint8Array(4 + exportName.length + 4);
  putU32(data, 0, exportName.length);
  const at = putLatin1(data, 4, exportName);
  putU16(data, putU16(data, at, 1), NBD_INFO_BLOCK_SIZE);
  sendOption(state, NBD_OPT_GO, data);
  return OPTION_REPLY;
}

function askByName(state: State): Next {
  const name = new Uint8Array(state.exportName.length);
  putLatin1(name, 0, state.exportName);
  sendOption(state, NBD_OPT_EXPORT_NAME, name);
  const wanted = 10 + (state.hasNoZeroes ? 0 : ZEROES_BYTES);
  return { wanted, step: ({ buffer }) => readExport(buffer, 0) };
}

/** The head of an option's reply. */
function replied(state: State): Next {
  const { buffer } = state;
  if (!isMagic(buffer, 0, NBD_REP_MAGIC)) return breach('a reply without its magic number');
  if (getU32(buffer, 8) !== NBD_OPT_GO) return breach('a reply to an option never sent');
  if (++state.replies > OPTION_REPLIES_MAX) return breach('too many replies to an option');
  const [type, length] = [getU32(buffer, 12), getU32(buffer, 16)];
  if (length > OPTION_REPLY_MAX) return breach(`a reply of ${length} bytes to an option`);
  if (length === 0) return informed(state, type, length);
  return { wanted: length, step: () => informed(state, type, length) };
}

/** A whole reply, its data in the buffer. */
function informed(state: State, type: number, length: number): Next {
  if (type === NBD_REP_INFO) return noteInfo(state, length) ?? OPTION_REPLY;
  if (type === NBD_REP_ACK) return acknowledged(state);
  if (type === NBD_REP_ERR_UNSUP) return askByName(state);
  const error = ERRORS[type - 0x8000_0000]?.error;
  if (error === undefined) return breach(`a reply of the unknown type ${type}`);
  return fail(error.errno, `${error.what}${wordsOf(state.buffer, length)}`);
}

function noteInfo(state: State, length: number): ReturnType<typeof fail> | undefined {
  const { buffer } = state;
  const type = length < 2 ? -1 : getU16(buffer, 0);
  const sizes: Readonly<Record<number, number>> = {
    [NBD_INFO_EXPORT]: 12,
    [NBD_INFO_BLOCK_SIZE]: 14,
  };
  const size = sizes[type];
  if (type < 0 || (size !== undefined && size !== length)) {
    return fail('EPROTO', `information of ${length} bytes`);
  }
  if (type === NBD_INFO_EXPORT) {
    const found = readExport(buffer, 2);
    if (!found.ok) return found;
    state.found = found.value;
  }
  if (type === NBD_INFO_BLOCK_SIZE) {
    const blocks = readBlocks(buffer, 2);
    if (!blocks.ok) return blocks;
    state.blocks = blocks.value;
  }
  return undefined;
}

function acknowledged({ found, blocks }: State): Next {
  if (found === undefined) return breach('it says nothing of the export');
  return ok({ ...found, ...blocks });
}

/** What the server says of its refusal, as far as it can be shown. */
function wordsOf(buffer: Uint8Array, length: number): string {
  const words = latin1Of(buffer, 0, Math.min(length, WORDS_MAX)).replace(/[^ -~]+/g, ' ');
  return words.trim() === '' ? '' : `: ${words.trim()}`;
}

/** `exportName`: bytes, a character each, at most 4096. */
export function createHandshake(exportName: string): Handshake {
  const state: State = {
    ...{ exportName, buffer: new Uint8Array(OPTION_REPLY_MAX), outgoing: [] },
    ...{ have: 0, next: { wanted: GREETING_BYTES, step: greeted }, hasNoZeroes: false },
    ...{ replies: 0, found: undefined, blocks: undefined },
  };
  return {
    take: (bytes, start, stop) => {
      let at = start;
      while (at < stop && 'wanted' in state.next) {
        const { wanted, step } = state.next;
        const count = Math.min(stop - at, wanted - state.have);
        state.buffer.set(bytes.subarray(at, at + count), state.have);
        state.have += count;
        at += count;
        if (state.have < wanted) break;
        state.have = 0;
        state.next = step(state);
      }
      return at;
    },
    takeOutgoing: () => {
      const sent = state.outgoing.length === 0 ? NOTHING : Uint8Array.from(state.outgoing);
      state.outgoing = [];
      return sent;
    },
    outcome: () => ('wanted' in state.next ? undefined : state.next),
  };
}
