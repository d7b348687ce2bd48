/**
 * The page of a console: two byte rings (io/console.h @ RELEASE-4.17.0, RELEASE-4.20.0). 4.21 has a
 * byte behind them, zero while somebody serves the console.
 */

import { bytes, layout, u32 } from '../core/layout.ts';

/** `in` goes to the guest, `out` comes from it; indices run free. */
export const xenconsInterface = layout('struct xencons_interface', 3088, {
  in: bytes(0, 1024),
  out: bytes(1024, 2048),
  inCons: u32(3072),
  inProd: u32(3076),
  outCons: u32(3080),
  outProd: u32(3084),
});
