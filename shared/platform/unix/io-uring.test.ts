/** io_uring on this machine: what was asked for happens, and is told once. */

import { closeSync, ftruncateSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { must } from '../../core/result.ts';
import type { Region } from '../region.ts';
import { openUring, type Uring } from './io-uring.ts';
import {
  IORING_OP_FALLOCATE,
  IORING_OP_FSYNC,
  IORING_OP_READ_FIXED,
  IORING_OP_WRITE_FIXED,
} from './io-uring-abi.ts';
import { memory } from './memory.ts';

const PAGES = 64;
const FILE_BYTES = 1 << 20;

let dir: string;
let file: number;
let region: Region;
let uring: Uring;
let address: number;
const own = memory();

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'xtl-uring-'));
  file = openSync(join(dir, 'disk'), 'w+');
  ftruncateSync(file, FILE_BYTES);
  region = must(own.pages(PAGES));
  address = own.addressOf(region) as number;
  const memory = { address, bytes: region.bytes.length };
  uring = must(openUring(16, { files: [file], memory }));
});
afterEach(() => {
  uring.close();
  own.unmap(region);
  closeSync(file);
  rmSync(dir, { recursive: true });
});

const into = new Int32Array(64);

const ask = (number: number, opcode: number, offset: number, at: number, bytes: number): void =>
  uring.ask(number, opcode, 0, offset, address + at, bytes);

/** Results by number, once there are `count` of them. */
async function results(count: number): Promise<Map<number, number>> {
  const found = new Map<number, number>();
  for (const late = Date.now() + 20_000; found.size < count && Date.now() < late; ) {
    const taken = uring.completions(into);
    for (let i = 0; i < taken; i++) {
      expect(found.has(into[2 * i] as number)).toBe(false);
      found.set(into[2 * i] as number, into[2 * i + 1] as number);
    }
    await new Promise(setImmediate);
  }
  return found;
}

it('writes, makes sure, and reads', async () => {
  region.bytes.fill(0x5a, 4096, 8192);
  ask(7, IORING_OP_WRITE_FIXED, 12_288, 4096, 4096);
  must(uring.submit());
  expect(await results(1)).toEqual(new Map([[7, 4096]]));
  ask(8, IORING_OP_FSYNC, 0, 0, 0);
  ask(9, IORING_OP_READ_FIXED, 12_288, 0, 4096);
  ask(10, IORING_OP_READ_FIXED, FILE_BYTES - 512, 100 * 512, 512);
  must(uring.submit());
  expect(await results(3)).toEqual(
    new Map([
      [8, 0],
      [9, 4096],
      [10, 512],
    ]),
  );
  expect(region.bytes.subarray(0, 4096)).toEqual(region.bytes.subarray(4096, 8192));
  expect(readFileSync(join(dir, 'disk'))[12_288]).toBe(0x5a);
});

it('makes holes, and does not change the size', async () => {
  region.bytes.fill(1, 0, 65_536);
  ask(1, IORING_OP_WRITE_FIXED, 0, 0, 65_536);
  must(uring.submit());
  await results(1);
  ask(2, IORING_OP_FALLOCATE, 4096, 0, 8192);
  must(uring.submit());
  expect(await results(1)).toEqual(new Map([[2, 0]]));
  const bytes = readFileSync(join(dir, 'disk'));
  expect([bytes[4095], bytes[4096], bytes[12_287], bytes[12_288]]).toEqual([1, 0, 0, 1]);
  expect(bytes.length).toBe(FILE_BYTES);
});

it('goes round its rings, whole batches at a time', async () => {
  let number = 0;
  for (let round = 0; round < 40; round++) {
    const first = number;
    while (uring.room() > 0) {
      const at = (number % PAGES) * 4096;
      ask(number++, IORING_OP_WRITE_FIXED, at, at, 4096);
    }
    must(uring.submit());
    const found = await results(number - first);
    expect([...found.keys()].sort((a, b) => a - b)).toEqual(
      Array.from({ length: number - first }, (_, i) => first + i),
    );
    expect([...found.values()].every((result) => result === 4096)).toBe(true);
  }
  expect(number).toBe(640);
});

it('tells of what fails', async () => {
  ask(3, IORING_OP_READ_FIXED, 0, PAGES * 4096, 4096);
  must(uring.submit());
  expect(await results(1)).toEqual(new Map([[3, -14]]));
});
