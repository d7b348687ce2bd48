/** A vchan's shared page (io/libxenvchan.h @ RELEASE-4.17.0). */

import { bytes, layout, u8, u16, u32 } from '../core/layout.ts';

export const VCHAN_NOTIFY_WRITE = 1;
export const VCHAN_NOTIFY_READ = 2;

/** Behind it lie the references of the rings' own pages, a u32 each: left's, then right's. */
export const vchanInterface = layout('struct vchan_interface', 24, {
  leftCons: u32(0, 'left.cons'),
  leftProd: u32(4, 'left.prod'),
  rightCons: u32(8, 'right.cons'),
  rightProd: u32(12, 'right.prod'),
  leftOrder: u16(16),
  rightOrder: u16(18),
  cliLive: u8(20),
  srvLive: u8(21),
  cliNotify: u8(22),
  srvNotify: u8(23),
  grants: bytes(24, 0),
});
