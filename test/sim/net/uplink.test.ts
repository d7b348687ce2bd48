/** The front end of a vif against our own back end: frames through both. */

import { expect, it } from 'vitest';
import { type Prng, prng } from '../../../shared/core/prng.ts';
import { completeChecksum } from '../../../shared/net/offload.ts';
import { offloaded } from '../../net/frames.ts';
import { digest, randomBytes, someFrame, tcp4, tcp6, udp4, unknown } from './frames.ts';
import { createMemoryLink, type MemoryLink, plain } from './memory-link.ts';
import {
  begin,
  createScene,
  receive,
  SLOT_BYTES,
  send,
  TAKES_ALL,
  type UplinkScene,
} from './uplink-scene.ts';
import { createHost, run, type Served, serve, takeOver } from './world.ts';

interface Both {
  readonly scene: UplinkScene;
  link: MemoryLink;
  served: Served;
}

/** A back end that serves the rings from their start. */
function beginAnew(both: Pick<Both, 'scene'>, can = TAKES_ALL): Pick<Both, 'link' | 'served'> {
  const link = createMemoryLink();
  const served = serve(createHost(), { behind: link });
  const [queue] = served.guest.queues;
  if (queue === undefined) throw new Error('no queue');
  const rings = { send: queue.send.region, receive: queue.receive.region };
  begin(both.scene, rings, served.guest.pages, can);
  return { link, served };
}

function open(can = TAKES_ALL): Both {
  const scene = createScene();
  return { scene, ...beginAnew({ scene }, can) };
}

const blank = [34, 16] as const;

function someOffload(random: Prng): Uint8Array {
  switch (random.below(6)) {
    case 0:
      return offloaded([...tcp4(randomBytes(random, 99), 'blank')], { csum: blank });
    case 1:
      return offloaded([...udp4(randomBytes(random, 200), 'blank')], { csum: [34, 6] });
    case 2:
      return offloaded([...tcp6(randomBytes(random, 1), 'blank')], { csum: [54, 16] });
    case 3: {
      const frame = tcp4(randomBytes(random, 2000 + random.below(20_000)), 'blank');
      return offloaded([...frame], { csum: blank, gso: [1, 1448], headers: 54 });
    }
    case 4: {
      const frame = tcp6(randomBytes(random, 2000 + random.below(20_000)), 'blank');
      return offloaded([...frame], { csum: [54, 16], gso: [4, 1428], headers: 74 });
    }
    default:
      return offloaded([...tcp4(randomBytes(random, 300))], { flags: 2 });
  }
}

const someBytes = (random: Prng): Uint8Array =>
  random.chance(0.4)
    ? someOffload(random)
    : plain(someFrame(random, 14 + random.below(random.chance(0.2) ? 20_000 : 1500)));

const digests = (all: readonly Uint8Array[]) => all.map(digest);

it('frames of all kinds pass both ways, by seed', () => {
  for (let seed = 0; seed < 6; seed++) {
    const random = prng(seed);
    const { scene, link, served } = open();
    for (let round = 0; round < 40; round++) {
      const out = Array.from({ length: random.below(8) }, () => someBytes(random));
      for (const bytes of out) expect(send(scene, bytes)).toBe(true);
      scene.uplink.link.submit();
      const into = Array.from({ length: random.below(8) }, () => someBytes(random));
      for (const bytes of into) link.receive(bytes);
      run(served);
      expect(digests(link.sent.splice(0))).toEqual(digests(out));
      const got: Uint8Array[] = [];
      // Buffers are offered again while frames wait.
      for (let i = 0; i < 4; i++) {
        got.push(...receive(scene, 1 + random.below(8)));
        run(served);
      }
      expect(digests(got)).toEqual(digests(into));
    }
    expect([scene.lies, served.broken, served.reports]).toEqual([[], [], []]);
    expect(scene.uplink.lost).toEqual({ noRoom: 0, malformed: 0, unfit: 0, received: 0 });
  }
});

it.each([14, 4095, 4096, 4097, 65_535])('a frame of %i bytes passes both ways', (length) => {
  const { scene, link, served } = open();
  const bytes = plain(someFrame(prng(length), length));
  expect(send(scene, bytes)).toBe(true);
  scene.uplink.link.submit();
  link.receive(bytes);
  run(served);
  expect(digests(link.sent)).toEqual([digest(bytes)]);
  expect(digests(receive(scene))).toEqual([digest(bytes)]);
});

it('a back end that does not keep up costs frames, and only those', () => {
  const { scene, link, served } = open();
  const numbered = (n: number) => plain(unknown([n & 0xff, n >> 8, ...new Array(60).fill(7)]));
  const taken = Array.from({ length: 300 }, (_, n) => send(scene, numbered(n)));
  expect(taken.filter((each) => each)).toHaveLength(256);
  expect(scene.uplink.lost.noRoom).toBe(44);
  scene.uplink.link.submit();
  run(served);
  expect(link.sent.splice(0)).toEqual(Array.from({ length: 256 }, (_, n) => numbered(n)));
  for (let n = 0; n < 1000; n++) {
    expect(send(scene, numbered(n))).toBe(true);
    scene.uplink.link.submit();
    run(served);
  }
  expect(link.sent).toHaveLength(1000);
});

it('who wants frames is told once, by an event', () => {
  const { scene, link, served } = open();
  const { uplink } = scene;
  let told = 0;
  uplink.link.want(0, () => void told++);
  uplink.heard();
  expect(told).toBe(0);
  served.host.notified.length = 0;
  for (let i = 0; i < 3; i++) link.receive(plain(unknown([i])));
  run(served);
  expect(served.host.notified).toHaveLength(1);
  uplink.heard();
  uplink.heard();
  expect(told).toBe(1);
  // They are there already.
  uplink.link.want(0, () => void told++);
  expect(told).toBe(2);
  expect(receive(scene)).toHaveLength(3);
  run(served);
  uplink.link.want(0, () => void told++);
  expect(told).toBe(2);
  served.host.notified.length = 0;
  link.receive(plain(unknown([9])));
  run(served);
  expect(served.host.notified).toHaveLength(1);
  uplink.heard();
  expect(told).toBe(3);
});

it('whose back end dies and goes on loses frames, and nothing else', () => {
  for (let seed = 20; seed < 26; seed++) {
    const random = prng(seed);
    const { scene, link, served } = open();
    let deaths = 0;
    let passed = 0;
    for (let round = 0; round < 200; round++) {
      const out = Array.from({ length: random.below(6) }, () => someBytes(random));
      for (const bytes of out) send(scene, bytes);
      scene.uplink.link.submit();
      const into = plain(someFrame(random, 14 + random.below(9000)));
      // The link forgets who asked it.
      link.receive(into);
      if (random.chance(0.1)) {
        deaths++;
        expect(takeOver(served)).toBeUndefined();
      }
      run(served);
      const sent = link.sent.splice(0);
      // What comes out is what went in, in its order.
      let from = 0;
      for (const bytes of sent) {
        from = out.findIndex((each, i) => i >= from && Buffer.compare(each, bytes) === 0) + 1;
        expect(from).toBeGreaterThan(0);
      }
      passed += sent.length;
      expect(digests(receive(scene))).toEqual([digest(into)]);
    }
    expect(deaths).toBeGreaterThan(5);
    expect(passed).toBeGreaterThan(200);
    expect(scene.lies).toEqual([]);
  }
});

it('a back end that begins anew has rings of its own, and who waits goes on waiting', () => {
  const both = open();
  const { scene } = both;
  let told = 0;
  for (let life = 1; life < 5; life++) {
    send(scene, plain(unknown([1])));
    both.link.receive(plain(unknown([2])));
    scene.uplink.end();
    expect(send(scene, plain(unknown([3])))).toBe(false);
    expect(receive(scene)).toEqual([]);
    scene.uplink.heard();
    scene.uplink.link.submit();
    if (life === 1) scene.uplink.link.want(0, () => void told++);
    Object.assign(both, beginAnew(both));
    expect(send(scene, plain(unknown([4])))).toBe(true);
    scene.uplink.link.submit();
    run(both.served);
    expect(both.link.sent).toEqual([plain(unknown([4]))]);
  }
  both.link.receive(plain(unknown([5])));
  run(both.served);
  scene.uplink.heard();
  expect([told, receive(scene)]).toEqual([1, [plain(unknown([5]))]]);
});

const completed = (bytes: Uint8Array): Uint8Array => {
  const whole = bytes.slice();
  completeChecksum(whole, 0, whole.length);
  return whole;
};
const v4 = offloaded([...tcp4(randomBytes(prng(1), 99), 'blank')], { csum: blank });
const v6 = offloaded([...tcp6(randomBytes(prng(2), 99), 'blank')], { csum: [54, 16] });
/** Of no protocol that a back end knows: it is not told where. */
const elsewhere = offloaded([...unknown(randomBytes(prng(3), 99))], { csum: [20, 8] });
const large = (version: 4 | 6) =>
  version === 4
    ? offloaded([...tcp4(randomBytes(prng(4), 3000), 'blank')], { csum: blank, gso: [1, 1448] })
    : offloaded([...tcp6(randomBytes(prng(5), 3000), 'blank')], { csum: [54, 16], gso: [4, 1428] });

it.each([
  ['checksums of IPv4', { checksum4: false }, v4, true],
  ['checksums of IPv6', { checksum6: false }, v6, true],
  ['checksums of what it does not know', {}, elsewhere, true],
  ['large frames of IPv4', { gso4: false }, large(4), false],
  ['large frames of IPv6', { gso6: false }, large(6), false],
  ['large frames, in one piece', { sg: false }, large(4), false],
  ['frames of several pages', { sg: false }, plain(someFrame(prng(6), 4097)), false],
])('a back end that does not take %s', (_, can, bytes, isDoneHere) => {
  const { scene, link, served } = open({ ...TAKES_ALL, ...can });
  expect(send(scene, bytes)).toBe(isDoneHere);
  scene.uplink.link.submit();
  run(served);
  expect(link.sent).toEqual(isDoneHere ? [completed(bytes)] : []);
  expect(scene.uplink.lost.unfit).toBe(isDoneHere ? 0 : 1);
});

it.each([
  ['shorter than a header', plain([]).subarray(0, 12)],
  ['a checksum outside', offloaded([...udp4([1])], { csum: [34, 600] })],
  ['segments of nothing', offloaded([...tcp4([1, 2], 'blank')], { csum: blank, gso: [1, 0] })],
  ['segments of no TCP', offloaded([...udp4([1, 2], 'blank')], { csum: [34, 6], gso: [1, 9] })],
  ['an offload of nobody', offloaded([...tcp4([1, 2], 'blank')], { csum: blank, gso: [3, 9] })],
])('a frame to be sent that contradicts itself is counted: %s', (_, bytes) => {
  const { scene, link, served } = open();
  expect(send(scene, bytes)).toBe(false);
  expect(scene.uplink.lost.malformed).toBe(1);
  expect(send(scene, v4)).toBe(true);
  scene.uplink.link.submit();
  run(served);
  expect(link.sent).toEqual([v4]);
});

it('a frame that does not fit its slot is counted, and the next one comes', () => {
  const { scene, link, served } = open();
  const small = plain(unknown([1, 2, 3]));
  for (const bytes of [plain(someFrame(prng(9), 5000)), small]) link.receive(bytes);
  run(served);
  expect(receive(scene, 4, 4096)).toEqual([small]);
  expect(scene.uplink.lost.received).toBe(1);
  expect(SLOT_BYTES).toBeGreaterThan(65_553 + 10);
});
