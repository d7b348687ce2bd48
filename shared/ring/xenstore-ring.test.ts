/** A domain's end of its page against a xenstored that is slow, broken or hostile. */

import { beforeEach, describe, expect, it } from 'vitest';
import { XENSTORE_SERVER_FEATURE_ERROR, xenstoreDomainInterface } from '../abi/xs-wire.ts';
import { port } from '../core/ids.ts';
import type { Failure } from '../core/result.ts';
import { writeRing } from '../core/ring-moves.ts';
import type { XenstoreTransport } from '../platform/xenstore.ts';
import { readRing, XENSTORE_REPLIES, XENSTORE_REQUESTS } from './byte-ring.ts';
import { xenstoreLink } from './xenstore-ring.ts';

const fields = xenstoreDomainInterface.fields;
const PORT = port(3);

/** A page, and its event channel as a count. */
function page() {
  const buffer = new ArrayBuffer(4096);
  const region = { bytes: new Uint8Array(buffer), words: new Int32Array(buffer) };
  let notified = 0;
  let listener: { heard: () => void; closed: (() => void) | undefined } | undefined;
  const events = {
    notify: () => {
      notified++;
    },
    unmask: () => {},
    listen: (_port: number, heard: () => void, closed?: () => void) => {
      listener = { heard, closed };
    },
  };
  const settle = () => new Promise((done) => setImmediate(done));
  return {
    region,
    events,
    notified: () => notified,
    /** As if xenstored had sent an event; resolves once it was heard. */
    event: async () => {
      listener?.heard();
      await settle();
    },
    closePort: async () => {
      listener?.closed?.();
      await settle();
    },
    set: (name: keyof typeof fields, value: number) => {
      region.words[fields[name].at / 4] = value;
    },
    /** What the domain has sent. */
    take: (max: number) => {
      const into = new Uint8Array(max);
      const got = readRing(region, XENSTORE_REQUESTS, into, 0, max);
      return String.fromCharCode(...into.subarray(0, Math.max(0, got)));
    },
    put: (text: string) => {
      const bytes = Uint8Array.from(text, (c) => c.charCodeAt(0));
      return writeRing(region, XENSTORE_REPLIES, bytes, 0, bytes.length);
    },
  };
}

const bytesOf = (text: string) => Uint8Array.from(text, (c) => c.charCodeAt(0));

let ring: ReturnType<typeof page>;
let stream: XenstoreTransport;
let heard: string;
let ended: (Failure | 'no reason')[];
beforeEach(() => {
  ring = page();
  heard = '';
  ended = [];
  const end = { events: ring.events, region: ring.region, port: PORT };
  stream = xenstoreLink(end, { nowMs: () => 0, sleep: async () => {} }).open();
  stream.receive(
    (bytes) => {
      heard += String.fromCharCode(...bytes);
    },
    (reason) => void ended.push(reason ?? 'no reason'),
  );
});

describe('a stream over the page', () => {
  it('carries more than the ring holds, as room comes, in order', async () => {
    const text = Array.from({ length: 3000 }, (_, i) => String.fromCharCode(65 + (i % 26))).join(
      '',
    );
    stream.write(bytesOf(text.slice(0, 10)));
    stream.write(bytesOf(text.slice(10)));
    let got = '';
    for (let i = 0; i < 20 && got.length < text.length; i++) {
      got += ring.take(400);
      await ring.event();
    }
    expect(got).toBe(text);
    expect(ring.put('a reply')).toBe(7);
    await ring.event();
    expect(heard).toBe('a reply');
    expect(ended).toEqual([]);
  });

  it('tells xenstored of what it sends and of what it reads, and of nothing else', async () => {
    const before = ring.notified();
    stream.write(bytesOf('x'));
    expect(ring.notified()).toBe(before + 1);
    ring.put('y');
    await ring.event();
    expect(ring.notified()).toBe(before + 2);
    await ring.event();
    expect(ring.notified()).toBe(before + 2);
  });

  it.each([
    ['rspProd', 1025],
    ['rspProd', -1],
    ['rspCons', 1],
  ] as const)('ends when %s is impossible (%d)', async (name, value) => {
    ring.set(name, value);
    await ring.event();
    expect(ended).toMatchObject([{ errno: 'EPROTO' }]);
    ring.put('later');
    await ring.event();
    expect(heard).toBe('');
  });

  it('ends when the indices of its requests are impossible', () => {
    ring.set('reqCons', 5);
    stream.write(bytesOf('x'));
    expect(ended).toMatchObject([{ errno: 'EPROTO' }]);
  });

  it('ends when xenstored gives it up, if that says so in the page', async () => {
    ring.set('error', 2);
    await ring.event();
    expect(ended).toEqual([]);
    ring.set('serverFeatures', XENSTORE_SERVER_FEATURE_ERROR);
    await ring.event();
    expect(ended).toMatchObject([{ what: expect.stringContaining('given up') }]);
  });

  it('does not collect without end what nobody reads', () => {
    const chunk = new Uint8Array(100_000);
    for (let i = 0; i < 20; i++) stream.write(chunk);
    expect(ended).toMatchObject([{ what: 'xenstored does not read' }]);
  });

  it('ends with its event channel, and once only when it is closed', async () => {
    await ring.closePort();
    expect(ended).toMatchObject([{ errno: 'EPROTO' }]);
    stream.close();
    expect(ended).toHaveLength(1);
  });
});
