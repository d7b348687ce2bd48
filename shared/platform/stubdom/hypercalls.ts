/** Hypercalls of domain control, from a stub domain that may make them. */

import { errnoName } from '../../core/errno.ts';
import { fail, ok, type Result } from '../../core/result.ts';
import type { Hypercalls } from '../control/hypercalls.ts';
import { PAGE_SIZE } from '../region.ts';
import type { Kernel } from './kernel.ts';

/** The first page is for the arguments, the rest for what they point to. */
const BOUNCE_PAGES = 3;

/** ENOMEM without pages for the arguments. */
export function hypercalls(kernel: Kernel): Result<Hypercalls> {
  const made = kernel.pages(BOUNCE_PAGES);
  if (typeof made === 'number') return fail(errnoName(made), 'no memory for hypercalls');
  const argsAddress = kernel.address(made);
  return ok({
    args: new Uint8Array(made, 0, PAGE_SIZE),
    argsAddress,
    data: new Uint8Array(made, PAGE_SIZE),
    dataAddress: argsAddress + PAGE_SIZE,
    call1: (op, arg) => kernel.hypercall(op, arg),
    call2: (op, cmd, arg) => kernel.hypercall(op, cmd, arg),
    lendPages: (count) => {
      const buffer = kernel.pages(count);
      if (typeof buffer === 'number') {
        return fail(errnoName(buffer), `no memory for ${count} pages`);
      }
      return ok({
        bytes: new Uint8Array(buffer),
        address: kernel.address(buffer),
        giveBack: () => kernel.freePages(buffer),
      });
    },
  });
}
