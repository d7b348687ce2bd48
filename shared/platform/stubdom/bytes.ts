/**
 * core/bytes.ts as a stub domain is linked with it: an engine without a compiler pays for every
 * step of a loop, and the kernel's functions take many bytes in one (kernel/host/bytes.c).
 */

import type * as bytes from '../../core/bytes.ts';
import { thisKernel } from './kernel.ts';

export const { latin1Of, putLatin1, spanOf, hashOf, putWords, copyBytes }: typeof bytes =
  thisKernel().bytes;
