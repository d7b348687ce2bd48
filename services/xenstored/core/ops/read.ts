/** READ, DIRECTORY, DIRECTORY_PART and GET_PERMS. */

import { XENSTORE_PAYLOAD_MAX } from '../../../../shared/abi/xs-wire.ts';
import { putLatin1 } from '../../../../shared/core/bytes.ts';
import { atoi } from '../../../../shared/xenstore/c-number.ts';
import type { WireError } from '../../../../shared/xenstore/errors.ts';
import { get } from '../access.ts';
import { onePath, stringsOf } from '../arguments.ts';
import { childList, childListSize } from '../children.ts';
import { permsText, READ } from '../perms.ts';
import { beginReply, replyText } from '../reply.ts';
import type { Request } from '../state.ts';
import { SAW_CHILDREN, SAW_VALUE } from '../transaction.ts';

export function read(rq: Request): WireError | undefined {
  const path = onePath(rq);
  if (path === undefined) return 'EINVAL';
  const node = get(rq, path, READ, SAW_VALUE);
  if (typeof node === 'string') return node;
  const { value } = node;
  const at = beginReply(rq, value.length);
  if (at < 0) return undefined;
  const { bytes } = rq.connection.output.last;
  if (typeof value === 'string') putLatin1(bytes, at, value);
  else bytes.set(value, at);
  return undefined;
}

export function directory(rq: Request): WireError | undefined {
  const path = onePath(rq);
  if (path === undefined) return 'EINVAL';
  const node = get(rq, path, READ, SAW_CHILDREN);
  if (typeof node === 'string') return node;
  // A list that no packet holds is not even made: that takes its time, and holds up all others.
  const at = beginReply(rq, childListSize(node.children));
  if (at >= 0) rq.connection.output.last.bytes.set(childList(node.children), at);
  return undefined;
}

/** As many whole names from `offset` on as fit into `room` bytes; where they end. */
function wholeNames(list: Uint8Array, offset: number, room: number): number {
  let end = offset;
  while (end < list.length) {
    const next = list.indexOf(0, end) + 1;
    if (next - offset > room) break;
    end = next;
  }
  return end;
}

export function directoryPart(rq: Request): WireError | undefined {
  const texts = stringsOf(rq);
  if (texts.length !== 2) return 'EINVAL';
  const path = onePath(rq, (texts[0] as string).length);
  if (path === undefined) return 'EINVAL';
  const node = get(rq, path, READ, SAW_CHILDREN);
  if (typeof node === 'string') return node;
  const offset = atoi(texts[1] as string) >>> 0;
  const list = childList(node.children);
  const generation = `${node.generation}\0`;
  if (offset >= list.length) {
    replyText(rq, `${generation}\0`);
    return undefined;
  }
  const end = wholeNames(list, offset, XENSTORE_PAYLOAD_MAX - generation.length - 1);
  const last = end === list.length ? 1 : 0;
  const start = beginReply(rq, generation.length + (end - offset) + last);
  if (start < 0) return undefined;
  const { bytes } = rq.connection.output.last;
  const at = putLatin1(bytes, start, generation);
  bytes.set(list.subarray(offset, end), at);
  if (last === 1) bytes[at + end - offset] = 0;
  return undefined;
}

export function getPerms(rq: Request): WireError | undefined {
  const path = onePath(rq);
  if (path === undefined) return 'EINVAL';
  const node = get(rq, path, READ, 0);
  if (typeof node === 'string') return node;
  replyText(rq, permsText(node.perms));
  return undefined;
}
