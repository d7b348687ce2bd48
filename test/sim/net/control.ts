/** A guest's requests on its control ring. */

import { assert } from '../../../shared/core/assert.ts';
import { nextRequest, publishRequests, takeResponses } from '../../../shared/ring/io-ring.ts';
import { CONTROL_SLOT_WORDS } from '../../../shared/ring/netif-slots.ts';
import type { NetGuest } from './guest.ts';

const answers = new Int32Array(128 * CONTROL_SLOT_WORDS);

/** Puts a request into the ring; its answer has this id. */
export function ask(
  { control: { front, region } }: NetGuest,
  type: number,
  data: readonly [number?, number?, number?] = [],
): number {
  const id = front.reqPut & 0xffff;
  const at = nextRequest(front) / 4;
  region.words.set([id | (type << 16), data[0] ?? 0, data[1] ?? 0, data[2] ?? 0], at);
  publishRequests(front);
  return id;
}

export interface Told {
  readonly id: number;
  readonly type: number;
  readonly status: number;
  readonly data: number;
}

export function told({ control: { front } }: NetGuest): Told[] {
  const count = takeResponses(front, answers, 128);
  assert(count >= 0, 'the backend’s indices are impossible');
  return Array.from({ length: count }, (_, i) => {
    const [first, status, data] = answers.subarray(i * 4, i * 4 + 3);
    const word = first as number;
    return { id: word & 0xffff, type: word >>> 16, status: status as number, data: data as number };
  });
}
