/** Linux's io_uring as system calls have it (linux/io_uring.h @ v5.10, asm-generic/unistd.h). */

import { i32, layout, u8, u16, u32, u64 } from '../../core/layout.ts';

export const __NR_io_uring_setup = 425;
export const __NR_io_uring_enter = 426;
export const __NR_io_uring_register = 427;

export const IORING_OFF_SQ_RING = 0;
export const IORING_OFF_SQES = 0x1000_0000;
/** Both rings lie in one mapping. */
export const IORING_FEAT_SINGLE_MMAP = 1;
export const IORING_REGISTER_BUFFERS = 0;
export const IORING_REGISTER_FILES = 2;
export const IORING_UNREGISTER_FILES = 3;
/** The descriptor is an index of the registered files. */
export const IOSQE_FIXED_FILE = 1;
export const IORING_FSYNC_DATASYNC = 1;

export const IORING_OP_FSYNC = 3;
export const IORING_OP_READ_FIXED = 4;
export const IORING_OP_WRITE_FIXED = 5;
export const IORING_OP_FALLOCATE = 17;
export const IORING_OP_READ = 22;
export const IORING_OP_WRITE = 23;

/** The call waits for completions. */
export const IORING_ENTER_GETEVENTS = 1;

/** linux/fs.h. */
export const RWF_NOWAIT = 8;

/** linux/falloc.h. */
export const FALLOC_FL_KEEP_SIZE = 1;
export const FALLOC_FL_PUNCH_HOLE = 2;

export const ioUringParams = layout('struct io_uring_params', 120, {
  sqEntries: u32(0),
  cqEntries: u32(4),
  flags: u32(8),
  features: u32(20),
  sqHead: u32(40, 'sq_off.head'),
  sqTail: u32(44, 'sq_off.tail'),
  sqRingMask: u32(48, 'sq_off.ring_mask'),
  sqArray: u32(64, 'sq_off.array'),
  cqHead: u32(80, 'cq_off.head'),
  cqTail: u32(84, 'cq_off.tail'),
  cqRingMask: u32(88, 'cq_off.ring_mask'),
  cqes: u32(100, 'cq_off.cqes'),
});

export const ioUringSqe = layout('struct io_uring_sqe', 64, {
  opcode: u8(0),
  flags: u8(1),
  fd: i32(4),
  off: u64(8),
  addr: u64(16),
  len: u32(24),
  fsyncFlags: u32(28),
  userData: u64(32),
  bufIndex: u16(40),
});

export const ioUringCqe = layout('struct io_uring_cqe', 16, {
  userData: u64(0),
  res: i32(8),
  flags: u32(12),
});
