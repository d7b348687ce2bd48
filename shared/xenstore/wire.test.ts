/** The decoder is total: any chunks, any lengths. */

import { describe, expect, it } from 'vitest';
import { prng } from '../core/prng.ts';
import { must } from '../core/result.ts';
import { fromLatin1 } from '../core/text.ts';
import { createDecoder, encodePacket, PACKET_MAX } from './wire.ts';

interface Seen {
  type: number;
  reqId: number;
  txId: number;
  text: string;
}

function collect() {
  const seen: Seen[] = [];
  const decoder = createDecoder((type, reqId, txId, bytes, start, end) => {
    seen.push({ type, reqId, txId, text: fromLatin1(bytes.subarray(start, end)) });
  });
  return { seen, decoder };
}

describe('the decoder', () => {
  it('yields the same packets however the stream is cut', () => {
    const packets: Seen[] = [
      { type: 2, reqId: 1, txId: 0, text: '/a\0' },
      { type: 0xffffffff, reqId: 0xffffffff, txId: 0xfffffffe, text: '' },
      { type: 11, reqId: 3, txId: 7, text: 'x'.repeat(4096) },
      { type: 1, reqId: 4, txId: 0, text: '\xff\0\x80' },
    ];
    const parts = packets.map((p) => encodePacket(p.type, p.reqId, p.txId, p.text));
    const stream = new Uint8Array(parts.flatMap((p) => [...p]));
    const random = prng(3);
    for (let round = 0; round < 200; round++) {
      const { seen, decoder } = collect();
      for (let at = 0; at < stream.length; ) {
        const size = 1 + random.below(round % 2 === 0 ? 20 : 6000);
        must(decoder.push(stream.subarray(at, at + size)));
        at += size;
        expect(decoder.pending()).toBeLessThanOrEqual(PACKET_MAX);
      }
      expect(seen).toEqual(packets);
      expect(decoder.pending()).toBe(0);
    }
  });

  it('refuses an announced length over 4096 at once, and everything after it', () => {
    for (const length of [4097, 0x80000000, 0xffffffff]) {
      for (const cut of [1, 15, 16]) {
        const { seen, decoder } = collect();
        const header = encodePacket(2, 1, 0);
        new DataView(header.buffer).setUint32(12, length, true);
        decoder.push(header.subarray(0, cut));
        expect(decoder.push(header.subarray(cut)).ok).toBe(false);
        expect(decoder.push(encodePacket(2, 2, 0, '/\0')).ok).toBe(false);
        expect(seen).toEqual([]);
      }
    }
  });

  it('does not copy a packet that lies whole in its chunk', () => {
    const chunk = encodePacket(2, 1, 0, '/a\0');
    let shared = false;
    const decoder = createDecoder((_type, _req, _tx, bytes) => {
      shared = bytes === chunk;
    });
    decoder.push(chunk);
    expect(shared).toBe(true);
  });
});
