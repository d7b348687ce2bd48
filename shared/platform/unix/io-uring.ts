/**
 * Linux's io_uring without a library: two rings in mapped memory, and a system call for each batch.
 * Its files are registered, and memory if there is one for all operations, so that none of them
 * counts references or pins pages.
 */

import { assert } from '../../core/assert.ts';
import { decode } from '../../core/layout.ts';
import { fail, ok, type Result } from '../../core/result.ts';
import { bind, ffi, lastFailure, once } from './ffi.ts';
import * as abi from './io-uring-abi.ts';
import { libc, MAP_FAILED, MAP_POPULATE, PROT_READ, PROT_WRITE } from './libraries.ts';

const MAP_SHARED = 1;
const SQE = { bytes: abi.ioUringSqe.size, words: abi.ioUringSqe.size / 4 };
const CQE_WORDS = abi.ioUringCqe.size / 4;
const NONE = new Int32Array(0);

/** The one function of many shapes: each system call has its own. */
const system = once(() => {
  const others = bind('libc.so.6', { close: ['int', 'int'] });
  const setup = bind('libc.so.6', { syscall: ['long', 'long', 'uint', 'void *'] });
  const enter = bind('libc.so.6', {
    syscall: ['long', 'long', 'int', 'uint', 'uint', 'uint', 'uintptr_t', 'size_t'],
  });
  const register = bind('libc.so.6', {
    syscall: ['long', 'long', 'int', 'uint', 'void *', 'uint'],
  });
  if (!others.ok) return others;
  if (!setup.ok) return setup;
  if (!enter.ok) return enter;
  if (!register.ok) return register;
  return ok({
    ...others.value,
    setup: setup.value.syscall,
    enter: enter.value.syscall,
    register: register.value.syscall,
  });
});

type System = Extract<ReturnType<typeof system>, { ok: true }>['value'];

/** What operations are on. */
export interface UringTarget {
  /** An operation names one by its place here. */
  readonly files: readonly number[];
  /** Which those of fixed memory read from and write to. */
  readonly memory?: { readonly address: number; readonly bytes: number };
}

export interface Uring {
  /** Its own descriptor, readable as long as there are completions: nothing is to be cleared. */
  readonly fd: number;
  /** Operations that there is room for until the next submit. */
  room(): number;
  /** Asks for one: its opcode, which file and where in it, the address, how many bytes. */
  ask(
    number: number,
    opcode: number,
    file: number,
    offset: number,
    address: number,
    bytes: number,
  ): void;
  /** Begins what was asked for. `finish`: and waits until all of that is completed. */
  submit(finish?: boolean): Result<void>;
  /** Two words for each completion: its number and its result; how many, as many as fit. */
  completions(into: Int32Array): number;
  close(): void;
}

interface Rings {
  readonly fd: number;
  /** Indices of both rings, and completions. */
  readonly ring: Int32Array;
  readonly sqes: Int32Array;
  readonly params: ReturnType<typeof decode<typeof abi.ioUringParams.fields>>;
  readonly mappings: { readonly address: number; readonly bytes: number }[];
}

function setUp({ setup }: System, entries: number): Result<Rings> {
  const raw = new Uint8Array(abi.ioUringParams.size);
  const fd = setup(abi.__NR_io_uring_setup, entries, raw);
  if (fd < 0) return lastFailure('this kernel gives no io_uring');
  const params = decode(abi.ioUringParams, raw, 0);
  const ringBytes = Math.max(
    params.sqArray + params.sqEntries * 4,
    params.cqes + params.cqEntries * abi.ioUringCqe.size,
  );
  const rings: Rings = { fd, params, ring: NONE, sqes: NONE, mappings: [] };
  if ((params.features & abi.IORING_FEAT_SINGLE_MMAP) === 0) {
    tearDown(rings);
    return fail('ENOSYS', 'an io_uring of a Linux before 5.4');
  }
  const mapped = mapBoth(rings, ringBytes);
  if (!mapped.ok) tearDown(rings);
  return mapped;
}

function mapBoth(rings: Rings, ringBytes: number): Result<Rings> {
  const ring = map(rings, ringBytes, abi.IORING_OFF_SQ_RING);
  if (!ring.ok) return ring;
  const sqes = map(rings, rings.params.sqEntries * SQE.bytes, abi.IORING_OFF_SQES);
  return sqes.ok ? ok({ ...rings, ring: ring.value, sqes: sqes.value }) : sqes;
}

function map({ fd, mappings }: Rings, bytes: number, offset: number): Result<Int32Array> {
  const c = libc();
  if (!c.ok) return c;
  const flags = MAP_SHARED | MAP_POPULATE;
  const address = c.value.mmap(0, bytes, PROT_READ | PROT_WRITE, flags, fd, offset);
  if (BigInt(address) === MAP_FAILED) return lastFailure('cannot map an io_uring');
  mappings.push({ address, bytes });
  return ok(new Int32Array(ffi().view(BigInt(address), bytes)));
}

function tearDown({ fd, mappings }: Pick<Rings, 'fd' | 'mappings'>): void {
  const [c, all] = [libc(), system()];
  assert(c.ok && all.ok, 'an io_uring exists without the C library');
  for (const { address, bytes } of mappings) c.value.munmap(address, bytes);
  all.value.close(fd);
}

/** Tells the kernel of the memory and the files. */
function registerAll(
  { register }: System,
  fd: number,
  { memory, files }: UringTarget,
): Result<void> {
  const tell = (op: number, what: ArrayBufferView, count: number): number =>
    register(abi.__NR_io_uring_register, fd, op, what, count);
  if (memory !== undefined) {
    const iovec = BigUint64Array.of(BigInt(memory.address), BigInt(memory.bytes));
    const told = tell(abi.IORING_REGISTER_BUFFERS, iovec, 1);
    if (told < 0) return lastFailure('cannot register memory');
  }
  const told = tell(abi.IORING_REGISTER_FILES, Int32Array.from(files), files.length);
  return told < 0 ? lastFailure('cannot register files') : ok();
}

/** ENOSYS, EPERM where io_uring is not to be had. `entries` are asked for at a time at most. */
export function openUring(entries: number, target: UringTarget): Result<Uring> {
  const all = system();
  if (!all.ok) return all;
  const rings = setUp(all.value, entries);
  if (!rings.ok) return rings;
  const ready = registerAll(all.value, rings.value.fd, target);
  if (ready.ok) return ok(uringOf(all.value, rings.value));
  tearDown(rings.value);
  return ready;
}

/** Writes an entry, but for its number, at word `first`. */
function putSqe(
  sqes: Int32Array,
  first: number,
  opcode: number,
  file: number,
  offset: number,
  address: number,
  bytes: number,
): void {
  sqes.fill(0, first, first + SQE.words);
  sqes[first] = opcode | (abi.IOSQE_FIXED_FILE << 8);
  sqes[first + 1] = file;
  sqes[first + 2] = offset;
  sqes[first + 3] = offset / 2 ** 32;
  if (opcode === abi.IORING_OP_FSYNC) sqes[first + 7] = abi.IORING_FSYNC_DATASYNC;
  else if (opcode === abi.IORING_OP_FALLOCATE) {
    // Its length is where others have an address, its mode where they have a length.
    sqes[first + 4] = bytes;
    sqes[first + 5] = bytes / 2 ** 32;
    sqes[first + 6] = abi.FALLOC_FL_PUNCH_HOLE | abi.FALLOC_FL_KEEP_SIZE;
  } else {
    sqes[first + 4] = address;
    sqes[first + 5] = address / 2 ** 32;
    sqes[first + 6] = bytes;
    // Those of memory that is not registered are done now or never: O_NONBLOCK would let them wait.
    const isNow = opcode === abi.IORING_OP_READ || opcode === abi.IORING_OP_WRITE;
    if (isNow) sqes[first + 7] = abi.RWF_NOWAIT;
  }
}

function uringOf({ enter, register }: System, { fd, ring, sqes, params, mappings }: Rings): Uring {
  const word = (at: number): number => at / 4;
  const [sqTail, cqHead, cqTail] = [params.sqTail, params.cqHead, params.cqTail].map(word) as [
    number,
    number,
    number,
  ];
  const [array, cqes] = [word(params.sqArray), word(params.cqes)];
  const [sqMask, cqMask] = [params.sqEntries - 1, params.cqEntries - 1];
  let tail = ring[sqTail] as number;
  let asked = 0;

  const submit = (finish = false): Result<void> => {
    Atomics.store(ring, sqTail, tail);
    while (asked > 0) {
      // The kernel waits only if it has taken all of them.
      const [wanted, flags] = finish ? [asked, abi.IORING_ENTER_GETEVENTS] : [0, 0];
      const taken = enter(abi.__NR_io_uring_enter, fd, asked, wanted, flags, 0, 0);
      if (taken < 0) return lastFailure('the kernel takes no operations');
      asked -= taken;
    }
    return ok();
  };
  return {
    fd,
    room: () => params.sqEntries - asked,
    ask: (number, opcode, file, offset, address, bytes) => {
      assert(asked < params.sqEntries, 'more operations than an io_uring has room for');
      const slot = tail & sqMask;
      putSqe(sqes, slot * SQE.words, opcode, file, offset, address, bytes);
      sqes[slot * SQE.words + 8] = number;
      ring[array + slot] = slot;
      tail = (tail + 1) | 0;
      asked++;
    },
    submit,
    completions: (into) => {
      let head = ring[cqHead] as number;
      const end = Atomics.load(ring, cqTail);
      const max = into.length / 2;
      let taken = 0;
      for (; head !== end && taken < max; taken++) {
        const at = cqes + (head & cqMask) * CQE_WORDS;
        into[2 * taken] = ring[at] as number;
        into[2 * taken + 1] = ring[at + 2] as number;
        head = (head + 1) | 0;
      }
      if (taken > 0) Atomics.store(ring, cqHead, head);
      return taken;
    },
    close: () => {
      // The kernel lets go of what is registered only some time after the ring is closed.
      register(abi.__NR_io_uring_register, fd, abi.IORING_UNREGISTER_FILES, null, 0);
      tearDown({ fd, mappings });
    },
  };
}
