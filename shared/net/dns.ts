/** The header and question of a DNS message (RFC 1035 4.1): all that a forwarder looks at. */

import { getU16 } from '../core/big-endian.ts';

export const DNS_HEADER_BYTES = 12;
const NAME_BYTES_MAX = 255;
const LABEL_BYTES_MAX = 63;

export interface Dns {
  id: number;
  isReply: number;
  operation: number;
  questions: number;
  /** The one question: its name, type and class, from `question` to `questionEnd`. */
  question: number;
  questionEnd: number;
}

export function createDns(): Dns {
  return { id: 0, isReply: 0, operation: 0, questions: 0, question: 0, questionEnd: 0 };
}

/** False: it is no message of one question whose name is written out. */
export function parseDns(dns: Dns, bytes: Uint8Array, at: number, end: number): boolean {
  if (at + DNS_HEADER_BYTES > end || end > bytes.length) return false;
  const flags = getU16(bytes, at + 2);
  dns.id = getU16(bytes, at);
  dns.isReply = flags >>> 15;
  dns.operation = (flags >>> 11) & 0xf;
  dns.questions = getU16(bytes, at + 4);
  dns.question = at + DNS_HEADER_BYTES;
  if (dns.questions !== 1) return false;
  let place = dns.question;
  for (;;) {
    if (place >= end || place - dns.question >= NAME_BYTES_MAX) return false;
    const length = bytes[place] as number;
    place++;
    if (length === 0) break;
    if (length > LABEL_BYTES_MAX) return false;
    place += length;
  }
  dns.questionEnd = place + 4;
  return dns.questionEnd <= end;
}
