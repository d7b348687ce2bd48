// Finding the kernel proper in a bzImage.
import { expect, it } from 'vitest';
import { bzImagePayload } from './vmlinux.ts';

/** A bzImage of one setup sector with this payload, and what the boot header says of it. */
const bzImage = (payload: number[], setupSectors = 1): Uint8Array => {
  const start = ((setupSectors || 4) + 1) * 512;
  const image = new Uint8Array(start + 16 + payload.length + 4);
  const view = new DataView(image.buffer);
  image[0x1f1] = setupSectors;
  view.setUint32(0x202, 0x53726448, true);
  view.setUint32(0x248, 16, true);
  view.setUint32(0x24c, payload.length + 4, true);
  image.set(payload, start + 16);
  return image;
};

it.each([
  ['xz', [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00, 7]],
  ['zstd', [0x28, 0xb5, 0x2f, 0xfd, 9]],
])('finds a payload of %s, without the length at its end', (program, payload) => {
  for (const sectors of [1, 0, 30]) {
    const found = bzImagePayload(bzImage(payload, sectors));
    expect(found.program).toBe(program);
    expect([...found.bytes]).toEqual(payload);
  }
});

it.each([
  ['another compression', bzImage([0x1f, 0x8b, 8, 0]), 'neither by xz nor by zstd'],
  ['no boot header', new Uint8Array(4096), 'no bzImage'],
  ['too few bytes', new Uint8Array(16), 'no bzImage'],
])('%s is an error', (_, image, why) => {
  expect(() => bzImagePayload(image)).toThrow(why);
});
