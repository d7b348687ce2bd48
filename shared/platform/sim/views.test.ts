/** Views of frames: one memory, however the frames are arranged. */

import { describe, expect, it } from 'vitest';
import { PAGE_SIZE } from '../region.ts';
import { bytesOf, type Frame, frame } from './frame.ts';
import { views } from './views.ts';

function setup(count: number) {
  const unmapped: Frame[] = [];
  const frames = Array.from({ length: count }, () => frame((one) => unmapped.push(one)));
  return { all: views(), frames, unmapped };
}

const at = (frames: Frame[], ...indexes: number[]) => indexes.map((i) => frames[i]!);

describe('views', () => {
  it('spend no memory on frames that nobody views', () => {
    const { frames } = setup(3);
    expect(frames.map((one) => one.home)).toEqual([undefined, undefined, undefined]);
  });

  it('of the same run are the same memory', () => {
    const { all, frames } = setup(4);
    const [one, two] = [all.open(frames), all.open(at(frames, 1, 2))];
    one.bytes[PAGE_SIZE] = 5;
    expect(two.bytes[0]).toBe(5);
    two.words[1024] = 7;
    expect(one.words[2048]).toBe(7);
  });

  it('keep what was written before frames moved together', () => {
    const { all, frames } = setup(3);
    const first = all.open(at(frames, 2));
    first.bytes[0] = 3;
    all.close(first);
    bytesOf(frames[0]!)[0] = 1;
    const both = all.open(at(frames, 2, 0));
    expect([both.bytes[0], both.bytes[PAGE_SIZE]]).toEqual([3, 1]);
  });

  it('in another order see each other at the next boundary', () => {
    const { all, frames } = setup(3);
    const forward = all.open(frames);
    const backward = all.open(at(frames, 2, 1, 0));
    const again = all.open(at(frames, 2, 1, 0));
    forward.bytes[0] = 1;
    backward.bytes[1] = 2;
    again.bytes[2 * PAGE_SIZE + 5] = 3;
    all.sync();
    const first = (bytes: Uint8Array, start: number) => [bytes[start], bytes[start + 5]];
    expect(first(forward.bytes, 0)).toEqual([1, 3]);
    expect(first(backward.bytes, 2 * PAGE_SIZE)).toEqual([1, 3]);
    expect(first(again.bytes, 2 * PAGE_SIZE)).toEqual([1, 3]);
    expect(forward.bytes[2 * PAGE_SIZE + 1]).toBe(2);
    expect(again.bytes[1]).toBe(2);
  });

  it('do not carry old bytes over new ones', () => {
    const { all, frames } = setup(2);
    const forward = all.open(frames);
    const backward = all.open(at(frames, 1, 0));
    for (let round = 1; round < 5; round++) {
      forward.bytes[7] = round;
      all.sync();
      expect(backward.bytes[PAGE_SIZE + 7]).toBe(round);
      backward.bytes[PAGE_SIZE + 7] = round + 100;
      all.sync();
      expect(forward.bytes[7]).toBe(round + 100);
    }
  });

  it('carry the last bytes over when they close', () => {
    const { all, frames } = setup(2);
    const forward = all.open(frames);
    const backward = all.open(at(frames, 1, 0));
    backward.bytes[0] = 9;
    all.close(backward);
    expect(forward.bytes[PAGE_SIZE]).toBe(9);
  });

  it('can show a frame twice', () => {
    const { all, frames } = setup(1);
    const twice = all.open(at(frames, 0, 0));
    twice.bytes[3] = 4;
    all.sync();
    expect(twice.bytes[PAGE_SIZE + 3]).toBe(4);
  });

  it('tell of a frame once the last of them is closed', () => {
    const { all, frames, unmapped } = setup(2);
    const [one, two] = [all.open(frames), all.open(at(frames, 1))];
    all.close(one);
    expect(unmapped).toEqual([frames[0]]);
    all.close(two);
    expect(unmapped).toEqual([frames[0], frames[1]]);
  });
});
