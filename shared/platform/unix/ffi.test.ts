/** Loading of native libraries, on any machine. */

import { expect, test } from 'vitest';
import { must, ok } from '../../core/result.ts';
import { PAGE_SIZE } from '../region.ts';
import { bind, ffi, lastFailure, once } from './ffi.ts';
import {
  libc,
  MAP_ANONYMOUS,
  MAP_FAILED,
  MAP_PRIVATE,
  PROT_READ,
  PROT_WRITE,
} from './libraries.ts';
import { checkDevice } from './platform.ts';
import { Regions } from './regions.ts';

test('a library that is missing is named', () => {
  const result = bind('libdoes-not-exist.so.1', { f: ['int'] });
  expect(result).toMatchObject({ ok: false, error: { errno: 'ENOENT' } });
  expect(result.ok ? '' : result.error.what).toContain('libdoes-not-exist.so.1');
});

test('a function that is missing is named', () => {
  const result = bind('libc.so.6', { no_such_function: ['int'] });
  expect(result).toMatchObject({ ok: false, error: { errno: 'ENOSYS' } });
  expect(result.ok ? '' : result.error.what).toContain('no_such_function');
});

test('the errno of a failed call becomes a failure', () => {
  const { munmap } = must(libc());
  expect(munmap(12345, 1)).toBe(-1);
  expect(lastFailure('cannot unmap')).toMatchObject({
    error: { errno: 'EINVAL', what: 'cannot unmap' },
  });
});

test('a machine without Xen is said to be one', () => {
  const result = checkDevice(['/nonexistent/privcmd', '/nonexistent/other']);
  expect(result).toMatchObject({ ok: false, error: { errno: 'ENOENT' } });
  expect(result.ok ? '' : result.error.what).toContain('/nonexistent/privcmd');
  expect(checkDevice(['/nonexistent/privcmd', '/dev/null']).ok).toBe(true);
});

test('a failure is tried again, a success is kept', () => {
  let calls = 0;
  const value = once(() => {
    calls++;
    return calls < 3 ? lastFailure('not yet') : ok(calls);
  });
  expect(value.peek()).toBeUndefined();
  expect([value().ok, value().ok, must(value()), must(value())]).toEqual([false, false, 3, 3]);
  expect(value.peek()).toBe(3);
});

test('a region sees memory as bytes and words until it is removed', () => {
  const { mmap, munmap } = must(libc());
  const rw = PROT_READ | PROT_WRITE;
  const address = mmap(0, 2 * PAGE_SIZE, rw, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  expect(BigInt(address)).not.toBe(MAP_FAILED);
  const regions = new Regions();
  const region = regions.add({ address, pages: 2 });
  region.bytes.set([1, 2, 3, 4], PAGE_SIZE);
  expect(Atomics.load(region.words, PAGE_SIZE / 4)).toBe(0x04030201);
  expect(ffi().decode(BigInt(address + PAGE_SIZE), 'uint32_t')).toBe(0x04030201);
  expect(regions.find(region)).toEqual({ address, pages: 2 });
  expect(regions.all()).toEqual([region]);
  expect(regions.remove(region)).toEqual({ address, pages: 2 });
  expect([region.bytes.length, region.words.length]).toEqual([0, 0]);
  expect(regions.find(region)).toBeUndefined();
  expect(() => regions.remove(region)).toThrow('not mapped');
  munmap(address, 2 * PAGE_SIZE);
});

test('what mmap says of a failure is recognised', () => {
  const { mmap } = must(libc());
  expect(BigInt(mmap(0, 0, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0))).toBe(MAP_FAILED);
});
