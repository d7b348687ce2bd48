/** What of an output is unread. */

import type { Output } from './output.ts';
import { distance, position } from './pieces.ts';

/** How much has been read of the packet that is being read, of those with a record. */
function begunBytes({ begun, replies, first }: Output): number {
  const at = replies.first;
  let start: number;
  if (begun !== undefined) start = begun.end - begun.size;
  else if (replies.count > 0) start = (replies.end[at] as number) - (replies.size[at] as number);
  else return 0;
  return Math.max(0, distance(position(first), start));
}

/** Bytes not read yet, with what has been read of the packet that is being read. */
export function unfinishedBytes(q: Output): number {
  return q.size + begunBytes(q);
}

/** Watch events not read yet. */
export function eventCount({ events, begun }: Output): number {
  return events.count + (begun === undefined ? 0 : 1);
}

/** The first unread bytes, as many as lie in one piece; valid until the output changes. */
export function peekOutput({ first }: Output): Uint8Array {
  return first.bytes.subarray(first.head, first.tail);
}

/** A buffer whose first `frontSize` bytes are the same; valid as long. */
export function frontOf({ first }: Output): Uint8Array {
  return first.head === 0 ? first.bytes : first.bytes.subarray(first.head, first.tail);
}

export function frontSize({ first }: Output): number {
  return first.tail - first.head;
}
