/** The handshake with servers as they are, and as they should not be, in pieces of any size. */

import { describe, expect, it } from 'vitest';
import {
  ack,
  blockInfo,
  bytesOf,
  exportInfo,
  greeting,
  optionReply,
  u16,
  u32,
  u64,
  welcome,
  words,
} from '../../test/sim/nbd/server-bytes.ts';
import { prng } from '../core/prng.ts';
import { fromLatin1, toLatin1 } from '../core/text.ts';
import { createHandshake } from './handshake.ts';
import { NBD_REP_ERR_UNSUP, NBD_REP_INFO, NBDMAGIC } from './protocol.ts';

const MIB = 1 << 20;

/** Everything at once, or a byte at a time, or as the seed will have it. */
function handshake(sent: Uint8Array, pieces: (left: number) => number, name = 'disk') {
  const shake = createHandshake(name);
  let answer: number[] = [];
  let at = 0;
  while (at < sent.length && shake.outcome() === undefined) {
    const end = at + Math.max(1, Math.min(pieces(sent.length - at), sent.length - at));
    at = shake.take(sent, at, end);
    answer = [...answer, ...shake.takeOutgoing()];
  }
  return { outcome: shake.outcome(), answer: Uint8Array.from(answer), left: sent.length - at };
}

const all = (left: number): number => left;

const good: readonly (readonly [string, Uint8Array, object])[] = [
  [
    'an export of which nothing else is said',
    welcome(MIB),
    {
      ...{ sizeBytes: MIB, isReadOnly: false, canFlush: true, canTrim: true },
      ...{ minBlock: 1, maxPayload: 1 << 25 },
    },
  ],
  [
    'block sizes, before or behind',
    bytesOf(greeting(), blockInfo(4096, 4096, 65_536), exportInfo(MIB, 1), ack()),
    { canFlush: false, canTrim: false, minBlock: 4096, maxPayload: 65_536 },
  ],
  [
    'a bound that is no multiple of a block',
    bytesOf(greeting(), blockInfo(512, 512, 70_000), exportInfo(MIB), ack()),
    { minBlock: 512, maxPayload: 69_632 },
  ],
  ['what may only be read', welcome(MIB, 3), { isReadOnly: true }],
  [
    'information that we do not know',
    bytesOf(
      greeting(),
      optionReply(NBD_REP_INFO, bytesOf(u16(1), toLatin1('x'))),
      welcome(9).slice(18),
    ),
    { sizeBytes: 9 },
  ],
  [
    'a server that does not know the option',
    bytesOf(greeting(), optionReply(NBD_REP_ERR_UNSUP), u64(MIB), u16(5)),
    { sizeBytes: MIB, canFlush: true },
  ],
  [
    'the same, of old, with its zeroes',
    bytesOf(greeting(1), optionReply(NBD_REP_ERR_UNSUP), u64(MIB), u16(1), new Uint8Array(124)),
    { sizeBytes: MIB },
  ],
  ['one that knows no options', bytesOf(greeting(2), u64(MIB), u16(1)), { sizeBytes: MIB }],
];

describe.each(good)('%s', (_, sent, want) => {
  it('is understood', () => {
    expect(handshake(sent, all)).toMatchObject({ outcome: { ok: true, value: want }, left: 0 });
  });

  it('is the same in other pieces', () => {
    const whole = handshake(sent, all);
    for (let seed = 0; seed < 50; seed++) {
      const random = prng(seed);
      expect(handshake(sent, () => 1 + random.below(seed + 1))).toEqual(whole);
    }
  });
});

it('what comes behind the handshake is left', () => {
  const sent = bytesOf(welcome(MIB), [1, 2, 3]);
  expect(handshake(sent, all)).toMatchObject({ outcome: { ok: true }, left: 3 });
});

it('asks for the export and its block sizes', () => {
  const { answer } = handshake(welcome(MIB), all, 'dïsk');
  const option = bytesOf(u32(0x4948_4156), u32(0x454f_5054), u32(7));
  const data = bytesOf(u32(4), toLatin1('dïsk'), u16(1), u16(3));
  expect(answer).toEqual(bytesOf(u32(3), option, u32(data.length), data));
});

it('asks by name alone where nothing else is known', () => {
  const { answer } = handshake(bytesOf(greeting(0), u64(1), u16(1), new Uint8Array(124)), all);
  expect(fromLatin1(answer)).toBe('\0\0\0\0IHAVEOPT\0\0\0\x01\0\0\0\x04disk');
});

const error = (type: number, said = ''): Uint8Array =>
  bytesOf(greeting(), optionReply(0x8000_0000 + type, toLatin1(said)));

const bad: readonly (readonly [string, Uint8Array, string, string])[] = [
  ['another protocol', toLatin1('SSH-2.0-OpenSSH_9.2p1'), 'EPROTO', 'no NBD server'],
  ['the old handshake', bytesOf(words(NBDMAGIC), new Uint8Array(30)), 'EPROTO', 'old handshake'],
  ['no such export', error(6, 'no export "x"\n\x1b[2J'), 'ENOENT', 'name: no export "x" [2J'],
  ['TLS', error(5), 'EOPNOTSUPP', 'it wants TLS'],
  ['its policy', error(2), 'EACCES', 'policy'],
  ['a server that ends', error(7), 'ECONNREFUSED', 'about to end'],
  ['long words', error(3, 'x'.repeat(4000)), 'EINVAL', `invalid: ${'x'.repeat(200)}`],
  ['an unknown error', error(99), 'EPROTO', 'unknown type'],
  ['no magic number', bytesOf(greeting(), new Uint8Array(20)), 'EPROTO', 'magic number'],
  ['another option', bytesOf(greeting(), optionReply(1, undefined, 3)), 'EPROTO', 'never sent'],
  ['a list that nobody asked for', bytesOf(greeting(), optionReply(2)), 'EPROTO', 'unknown type 2'],
  ['nothing of the export', bytesOf(greeting(), ack()), 'EPROTO', 'says nothing of the export'],
  [
    'a flood of replies',
    bytesOf(greeting(), ...Array.from({ length: 65 }, () => exportInfo(1))),
    'EPROTO',
    'too many replies',
  ],
  [
    'a reply that would fill memory',
    bytesOf(greeting(), optionReply(3).slice(0, 16), u32(0xffff_ffff)),
    'EPROTO',
    '4294967295 bytes',
  ],
  ['information cut off', bytesOf(greeting(), optionReply(3, u16(0))), 'EPROTO', '2 bytes'],
  [
    'information of no kind',
    bytesOf(greeting(), optionReply(3, toLatin1('x'))),
    'EPROTO',
    '1 byte',
  ],
  ['a size beyond all numbers', bytesOf(greeting(), exportInfo(2 ** 60)), 'EPROTO', '2^53'],
  ['no flags', bytesOf(greeting(), exportInfo(1, 0)), 'EPROTO', 'flags'],
  ['blocks of no bytes', bytesOf(greeting(), blockInfo(0, 512, 512)), 'EPROTO', 'of 0 bytes'],
  ['odd blocks', bytesOf(greeting(), blockInfo(513, 513, 4096)), 'EPROTO', 'of 513 bytes'],
  ['huge blocks', bytesOf(greeting(), blockInfo(1 << 17, 1 << 17, -1)), 'EPROTO', '131072 bytes'],
  [
    'blocks that do not fit',
    bytesOf(greeting(), blockInfo(512, 4096, 512)),
    'EPROTO',
    'at most 512',
  ],
];

it.each(bad)('%s is told', (_, sent, errno, what) => {
  for (const pieces of [all, () => 1]) {
    const { outcome } = handshake(sent, pieces);
    expect(outcome).toMatchObject({
      ok: false,
      error: { errno, what: expect.stringContaining(what) },
    });
  }
});

it('noise neither throws nor is taken for an export', () => {
  for (let seed = 0; seed < 2000; seed++) {
    const random = prng(seed);
    const sent = bytesOf(welcome(MIB));
    for (let changes = 1 + random.below(4); changes > 0; changes--) {
      sent[random.below(sent.length)] = random.next();
    }
    const { outcome } = handshake(sent, () => 1 + random.below(40));
    if (outcome?.ok) expect(outcome.value.sizeBytes).toBeLessThanOrEqual(Number.MAX_SAFE_INTEGER);
  }
});
